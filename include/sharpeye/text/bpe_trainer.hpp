#pragma once

/// @file
/// Learns a byte-level BPE of GPT-2's kind from texts and writes it as vocab.json and merges.txt.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What BpeTrainer::train is to make.
struct BpeTrainerOptions {
  std::int32_t vocab_size = 1024;  ///< at most; the special tokens and the 256 bytes are always there
  std::int64_t min_count = 2;      ///< pairs that occur less often are not merged
  /// The first ids, in OPT's order. No text becomes one of them by merging.
  std::vector<std::string> specials = {"<s>", "<pad>", "</s>", "<unk>"};
};

/// A learned vocabulary.
struct TrainedBpe {
  /// By id, spelled as in vocab.json: special tokens, the bytes 0 to 255, then what the merges make.
  std::vector<std::string> tokens;
  /// The parts of each merge, ids of `tokens`, most preferred first. A token may be made in more than one way.
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;

  /// The content of vocab.json: one object of spelling and id, in the order of the ids.
  std::string vocab_json() const;

  /// The content of merges.txt.
  std::string merges_txt() const;

  /// Writes both files to `folder`, which must exist. Each is replaced as a whole, when both have been written.
  /// @throws Error kFileAccess
  void save(const std::string& folder) const;
};

/// BpeTrainer ignores longer pieces than this many bytes: no word is that long, and its time is quadratic in the length
/// of a piece.
inline constexpr std::size_t kBpeTrainerPieceLimit = 1024;

/// Counts the pieces of texts (as BpeTokenizer splits them), then merges the most frequent pair of neighbouring tokens
/// again and again (Sennrich, Haddow and Birch 2016, section 3.2; bytes as in GPT-2).
///
/// Among equally frequent pairs the one that is spelled first is merged (the left part decides, then the right one), so
/// the result depends neither on the order of the texts nor on the platform. Hugging Face's `tokenizers` takes the
/// lowest ids there, and otherwise does the same.
class BpeTrainer {
 public:
  /// Counts the pieces of `text`, `times` times.
  void add(std::string_view text, std::int64_t times = 1);

  /// The number of different pieces so far.
  std::size_t num_pieces() const noexcept { return pieces_.size(); }

  /// The vocabulary of what was added; the same for the same counts.
  /// @throws Error kInvalidArgument for a vocab_size that has no room for specials and bytes, kLimit beyond
  /// kVocabularyLimit; kInvalidArgument for a min_count below 1, and for specials that are not of the byte alphabet,
  /// are a single byte or come twice.
  TrainedBpe train(const BpeTrainerOptions& options = {}) const;

 private:
  std::map<std::string, std::int64_t, std::less<>> pieces_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/bpe_trainer.inl"
#endif
