#pragma once

/// @file
/// Bodies of bpe_trainer.hpp.

#include "sharpeye/text/bpe_trainer.hpp"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/pre_tokenizer.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string TrainedBpe::vocab_json() const {
  std::string text = "{";
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    text += (id == 0 ? "" : ", ") + Json(tokens[id]).dump() + ": " + std::to_string(id);
  }
  return text + "}\n";
}

SHARPEYE_BODY std::string TrainedBpe::merges_txt() const {
  std::string text = "#version: 0.2\n";
  for (const auto& [left, right] : merges) {
    text += tokens[static_cast<std::size_t>(left)] + ' ' + tokens[static_cast<std::size_t>(right)] + '\n';
  }
  return text;
}

SHARPEYE_BODY void TrainedBpe::save(const std::string& folder) const {
  AtomicFile vocab_file(folder + "/vocab.json"), merges_file(folder + "/merges.txt");
  vocab_file.write(vocab_json());
  merges_file.write(merges_txt());
  vocab_file.commit();
  merges_file.commit();
}

namespace detail {

using BpePieces = std::map<std::string, std::int64_t, std::less<>>;

// The state of one call of train().
class BpeTraining {
 public:
  BpeTraining(const BpePieces& pieces, const BpeTrainerOptions& options) : options_(options) {
    add_alphabet();
    words_.reserve(pieces.size());
    for (const auto& [piece, count] : pieces) {
      Word word{{}, count};
      for (const char byte : piece) word.ids.push_back(first_byte_ + static_cast<unsigned char>(byte));
      words_.push_back(std::move(word));
      count_pairs(words_.size() - 1, +1, kNone);
    }
    for (const auto& [pair, occurrences] : pairs_) queue_.push({occurrences.count, pair, this});
    while (bpe_.tokens.size() < static_cast<std::size_t>(options_.vocab_size) && merge_next()) {
    }
  }

  TrainedBpe result() && { return std::move(bpe_); }

 private:
  static constexpr std::int32_t kNone = -1;

  struct Word {
    std::vector<std::int32_t> ids;
    std::int64_t count;
  };
  struct Pair {
    std::int32_t left, right;
    bool operator==(const Pair& other) const noexcept { return left == other.left && right == other.right; }
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const noexcept {
      return std::hash<std::uint64_t>()(static_cast<std::uint64_t>(pair.left) << 32 |
                                        static_cast<std::uint32_t>(pair.right));
    }
  };
  struct Occurrences {
    std::int64_t count = 0;
    bool is_merge = false;
    std::vector<std::size_t> words;  // every word that has the pair, and maybe some that had it; some twice
  };
  // Counts only fall while a candidate waits, so a stale one comes out too early, never too late.
  struct Candidate {
    std::int64_t count;
    Pair pair;
    const BpeTraining* training;

    bool operator<(const Candidate& other) const {
      if (count != other.count) return count < other.count;
      if (pair.left != other.pair.left) return training->token(other.pair.left) < training->token(pair.left);
      return training->token(other.pair.right) < training->token(pair.right);
    }
  };

  const std::string& token(std::int32_t id) const { return bpe_.tokens[static_cast<std::size_t>(id)]; }

  void add_token(const std::string& spelling) {
    const auto id = static_cast<std::int32_t>(bpe_.tokens.size());
    require(ids_.emplace(spelling, id).second, ErrorCode::kInvalidArgument, "special token ", in_quotes(spelling),
            ": expected once and longer than a byte");
    bpe_.tokens.push_back(spelling);
  }

  void add_alphabet() {
    first_byte_ = static_cast<std::int32_t>(options_.specials.size());
    require(options_.vocab_size >= first_byte_ + 256, ErrorCode::kInvalidArgument, "vocab_size: expected at least ",
            first_byte_ + 256, " for the special tokens and the bytes, actual ", options_.vocab_size);
    require(static_cast<std::size_t>(options_.vocab_size) <= kVocabularyLimit, ErrorCode::kLimit,
            "vocab_size: expected at most ", kVocabularyLimit, ", actual ", options_.vocab_size);
    require(options_.min_count >= 1, ErrorCode::kInvalidArgument, "min_count: expected at least 1, actual ",
            options_.min_count);
    for (const std::string& special : options_.specials) {
      require(!special.empty() && unspell(special).has_value(), ErrorCode::kInvalidArgument, "special token ",
              in_quotes(special), ": expected one or more characters of the byte alphabet");
      add_token(special);
    }
    for (int byte = 0; byte < 256; ++byte) add_token(spell(std::string(1, static_cast<char>(byte))));
  }

  // Adds (sign +1) or takes away (-1) the pairs of a word. Only pairs with the token `made` are new to the word;
  // kNone: all are.
  void count_pairs(std::size_t index, int sign, std::int32_t made) {
    const Word& word = words_[index];
    for (std::size_t i = 0; i + 1 < word.ids.size(); ++i) {
      const Pair pair{word.ids[i], word.ids[i + 1]};
      Occurrences& occurrences = pairs_[pair];
      occurrences.count += sign * word.count;
      if (sign < 0 || (made != kNone && pair.left != made && pair.right != made)) continue;
      if (occurrences.words.empty() || occurrences.words.back() != index) occurrences.words.push_back(index);
      if (made != kNone) grown_.push_back(pair);
    }
  }

  static bool contains(const Word& word, const Pair& pair) noexcept {
    for (std::size_t i = 0; i + 1 < word.ids.size(); ++i) {
      if (word.ids[i] == pair.left && word.ids[i + 1] == pair.right) return true;
    }
    return false;
  }

  static void merge(std::vector<std::int32_t>& ids, const Pair& pair, std::int32_t made) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < ids.size(); ++kept) {
      const bool found = i + 1 < ids.size() && ids[i] == pair.left && ids[i + 1] == pair.right;
      ids[kept] = found ? made : ids[i];
      i += found ? 2 : 1;
    }
    ids.resize(kept);
  }

  // Carries out the most frequent merge; false when there is none left.
  bool merge_next() {
    while (!queue_.empty()) {
      const Candidate candidate = queue_.top();
      queue_.pop();
      Occurrences& occurrences = pairs_[candidate.pair];
      if (candidate.count < options_.min_count) return false;
      if (candidate.count != occurrences.count) {
        if (occurrences.count > 0) queue_.push({occurrences.count, candidate.pair, this});
        continue;
      }
      const std::string spelling = token(candidate.pair.left) + token(candidate.pair.right);
      const auto known = ids_.find(spelling);
      if (known != ids_.end() && known->second < first_byte_) continue;  // it would make a special token of text
      const auto made = known != ids_.end() ? known->second : static_cast<std::int32_t>(bpe_.tokens.size());
      if (known == ids_.end()) add_token(spelling);
      // A pair comes back when another merge makes one of its parts in a second way; its rank is the first one.
      if (!std::exchange(occurrences.is_merge, true)) {
        bpe_.merges.emplace_back(candidate.pair.left, candidate.pair.right);
      }
      carry_out(candidate.pair, made, std::exchange(occurrences.words, {}));
      return true;
    }
    return false;
  }

  // Recounting the whole of each word that changes is exact where occurrences overlap ("aaa"), and words are short.
  void carry_out(const Pair& pair, std::int32_t made, const std::vector<std::size_t>& indices) {
    grown_.clear();
    for (const std::size_t index : indices) {
      if (!contains(words_[index], pair)) continue;
      count_pairs(index, -1, kNone);
      merge(words_[index].ids, pair, made);
      count_pairs(index, +1, made);
    }
    std::sort(grown_.begin(), grown_.end(), [](const Pair& a, const Pair& b) {
      return std::make_pair(a.left, a.right) < std::make_pair(b.left, b.right);
    });
    grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
    for (const Pair& grown : grown_) queue_.push({pairs_[grown].count, grown, this});
  }

  const BpeTrainerOptions& options_;
  TrainedBpe bpe_;
  std::int32_t first_byte_ = 0;
  std::unordered_map<std::string, std::int32_t> ids_;  // by spelling
  std::vector<Word> words_;
  std::unordered_map<Pair, Occurrences, PairHash> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> grown_;  // pairs whose count the current merge has raised
};

}  // namespace detail

SHARPEYE_BODY void BpeTrainer::add(std::string_view text, std::int64_t times) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = gpt2_piece_end(text, begin);
    const std::string_view piece = text.substr(begin, end - begin);
    begin = end;
    if (piece.size() > kBpeTrainerPieceLimit) continue;
    const auto known = pieces_.find(piece);
    if (known == pieces_.end()) {
      pieces_.emplace(piece, times);
    } else {
      known->second += times;
    }
  }
}

SHARPEYE_BODY TrainedBpe BpeTrainer::train(const BpeTrainerOptions& options) const {
  return detail::BpeTraining(pieces_, options).result();
}

SHARPEYE_NAMESPACE_END
