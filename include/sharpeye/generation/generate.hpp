#pragma once

/// @file
/// What generation needs and asks, and the searches that follow one sequence: greedy and sampling.

#include <functional>
#include <random>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/generation/logits_processors.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The language model as generation sees it: a prompt that has been read, and sequences that continue it.
class NextToken {
 public:
  virtual ~NextToken() = default;

  /// Logits [vocab_size] of the token after the prompt.
  virtual std::vector<float> start() = 0;

  /// Sequence i becomes the former sequence parents[i] followed by ids[i]; before the first call there is one sequence.
  /// @return logits of each sequence's next token [vocab_size]
  virtual std::vector<std::vector<float>> step(const std::vector<Index>& parents,
                                               const std::vector<std::int32_t>& ids) = 0;

  /// Of one sequence: forgets all but its first `length` generated tokens and goes on with `ids`, read at once.
  /// @return logits of the token after each of them [vocab_size]
  virtual std::vector<std::vector<float>> read(Index length, const std::vector<std::int32_t>& ids) = 0;
};

/// What generation asks its caller.
struct GenerationHooks {
  /// Called after each step with the best sequence so far, end token included; false ends generation there.
  std::function<bool(const std::vector<std::int32_t>&)> on_step;
  /// Whether a sequence is complete for a reason other than an end token (a stop string in its text).
  std::function<bool(const std::vector<std::int32_t>&)> is_complete;
};

namespace detail {

inline bool is_finished(const GenerationConfig& config, const GenerationHooks& hooks,
                        const std::vector<std::int32_t>& ids) {
  return config.is_eos(ids.back()) || (hooks.is_complete && hooks.is_complete(ids));
}

}  // namespace detail

/// One token after the other: the likeliest (the lowest id of equals), or one drawn with `config.seed`.
/// @return the generated ids, the end token included if there is one
inline std::vector<std::int32_t> generate_one_by_one(NextToken& model, const GenerationConfig& config,
                                                     const GenerationHooks& hooks) {
  std::mt19937_64 random(config.seed);
  std::vector<std::int32_t> ids;
  std::vector<float> scores = model.start();
  for (;;) {
    take_logits(config, scores);
    process_scores(config, ids, scores);
    std::size_t chosen = 0;
    if (config.do_sample) {
      const std::vector<double> distribution = sampling_distribution(config, std::move(scores));
      double left = unit_interval(random());
      for (std::size_t id = 0; id < distribution.size(); ++id) {
        if (distribution[id] == 0) continue;
        chosen = id;  // the last possible one if rounding leaves something over
        left -= distribution[id];
        if (left < 0) break;
      }
    } else {
      chosen = static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    }
    ids.push_back(static_cast<std::int32_t>(chosen));
    const bool goes_on = !hooks.on_step || hooks.on_step(ids);
    if (!goes_on || detail::is_finished(config, hooks, ids) ||
        static_cast<Index>(ids.size()) >= config.max_new_tokens) {
      return ids;
    }
    scores = std::move(model.step({0}, {ids.back()}).front());
  }
}

SHARPEYE_NAMESPACE_END
