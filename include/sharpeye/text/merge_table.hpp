#pragma once

/// @file
/// The merges of a BPE, read from merges.txt or given as pairs of spellings.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/text/spelling_table.hpp"
#include "sharpeye/text/vocabulary.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Which pairs of tokens merge, in which order of preference (rank, from 0), and into what. Immutable.
class MergeTable {
 public:
  static constexpr std::int32_t kNoMerge = -1;

  /// Reads merges.txt: an optional first line "#version…", then "left right" on each line, most preferred first. Lines
  /// may end with LF or CRLF, and the file may begin with a UTF-8 byte-order mark.
  /// @param where names the file in errors.
  /// @throws Error kFormat, naming line and token, when a line does not hold exactly two tokens, when one of them or
  /// their concatenation is not in the vocabulary, or when a pair comes twice.
  MergeTable(std::string_view text, const Vocabulary& vocabulary, const std::string& where);

  /// From pairs of tokens of `vocabulary`, most preferred first, as in a tokenizer.json.
  /// @param where names the list in errors.
  /// @throws Error kFormat, naming the merge by its number from 0, as above.
  MergeTable(const std::vector<std::pair<std::string, std::string>>& merges, const SpellingTable& vocabulary,
             const std::string& where);

  /// Number of merges.
  std::size_t size() const noexcept { return merged_.size(); }

  /// The rank of the pair, or kNoMerge. Both ids must be of the vocabulary.
  std::int32_t rank(std::int32_t left, std::int32_t right) const noexcept;

  /// The token that the pair of this rank becomes.
  std::int32_t merged(std::int32_t rank) const noexcept { return merged_[static_cast<std::size_t>(rank)]; }

 private:
  struct Pair {
    std::int32_t left, right, rank;
  };

  void add(std::string_view line, const Vocabulary& vocabulary, const std::string& where, std::size_t line_number);

  // Sorted by (left, right), with the range of each left token: a search among the few right partners of one token
  // stays in one or two cache lines, and no choice of ids in a hostile file can make it slow, as it could a hash table.
  // Returns the ranks of two equal pairs, or equal ranks where there are none.
  std::pair<std::int32_t, std::int32_t> index(std::size_t vocabulary_size);

  std::vector<Pair> pairs_;           // by left, then right
  std::vector<std::int32_t> starts_;  // of the pairs of each left token, and the end
  std::vector<std::int32_t> merged_;  // by rank
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/merge_table.inl"
#endif
