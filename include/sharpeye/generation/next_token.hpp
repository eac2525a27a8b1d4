#pragma once

/// @file
/// The language model as generation sees it, and the callbacks of generation.

#include <cstdint>
#include <functional>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A token of a tree of continuations.
struct TreeToken {
  Index parent;  ///< the number of the token before it; -1: it is the first after the prompt
  std::int32_t id;
};

/// A prompt that has been read, and sequences that continue it. CausalLmNextToken makes one of any language model.
class NextToken {
 public:
  virtual ~NextToken() = default;

  /// Logits [vocab_size] of the token after the prompt.
  virtual std::vector<float> start() = 0;

  /// Sequence i becomes the former sequence parents[i] followed by ids[i]; before the first call there is one sequence.
  /// @return logits of each sequence's next token [vocab_size]
  virtual std::vector<std::vector<float>> step(const std::vector<Index>& parents,
                                               const std::vector<std::int32_t>& ids) = 0;

  /// Reads tokens at once that continue the prompt in several ways. They are numbered from 0 as they come, from one
  /// call to the next, and each may follow any that came before it. Not mixed with the other ways to read but through
  /// rewind().
  /// @return logits of the token after each [vocab_size]
  virtual std::vector<std::vector<float>> branch(const std::vector<TreeToken>& tokens) = 0;

  /// Forgets all generated tokens: there is one sequence again, the prompt, and no tree.
  virtual void rewind() = 0;

  /// Of one sequence: forgets all but its first `length` generated tokens and goes on with `ids`, read at once.
  /// @return logits of the token after each of them [vocab_size]
  virtual std::vector<std::vector<float>> read(Index length, const std::vector<std::int32_t>& ids) = 0;
};

/// What was generated after a prompt.
struct GeneratedSequence {
  std::vector<std::int32_t> ids;  ///< the end token included if there is one
  /// Of each id: the natural logarithm of its probability given what stands before it. That is log softmax of the
  /// model's own logits, without the ids that only pad the vocabulary, and before penalties and temperature.
  std::vector<float> log_probabilities;
};

/// Callbacks of generation.
struct GenerationHooks {
  /// Called after each step with the best sequence so far, end token included; false ends generation there.
  std::function<bool(const std::vector<std::int32_t>&)> on_step;
  /// Whether a sequence is complete for a reason other than an end token (a stop string in its text).
  std::function<bool(const std::vector<std::int32_t>&)> is_complete;
};

SHARPEYE_NAMESPACE_END
