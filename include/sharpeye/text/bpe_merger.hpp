#pragma once

/// @file
/// The BPE algorithm: the most preferred merge first, wherever it occurs, from left to right.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sharpeye/text/merge_table.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Merges the tokens of one piece after another, reusing its working memory; one per call, not shared by threads.
/// A linked list of symbols and a heap of candidate pairs: O(n log n) for a piece of n bytes.
class BpeMerger {
 public:
  /// When the pairs that a merge makes come into question. For the merges of a trained byte-level BPE it makes no
  /// difference, since a token is never made by a merge before its parts'. A list that was made from SentencePiece's
  /// scores has such merges.
  enum class NewPairs {
    kAfterRank,  ///< when this rank is finished everywhere, as in GPT-2's loop
    kAtOnce,     ///< as in Hugging Face's tokenizers and SentencePiece
  };

  explicit BpeMerger(const MergeTable& merges, NewPairs new_pairs = NewPairs::kAfterRank)
      : merges_(merges), new_pairs_(new_pairs) {}

  /// Merges the last `count` ids (less than 2^31) of `ids`, one for each byte or character of a piece, in place.
  void merge_back(std::vector<std::int32_t>& ids, std::size_t count);

 private:
  static constexpr std::int32_t kEnd = -1;

  /// A symbol still in the list; `rank` is that of the pair it begins. A candidate whose rank is no longer its
  /// symbol's is stale: one of its two parts has been merged with another neighbour.
  struct Symbol {
    std::int32_t previous, next, rank;
  };

  static std::int32_t rank_of(std::uint64_t candidate) noexcept { return static_cast<std::int32_t>(candidate >> 32); }
  Symbol& at(std::int32_t i) noexcept { return symbols_[static_cast<std::size_t>(i)]; }

  void link(std::int32_t count);
  void queue_found();

  /// Sets the rank of the pair that begins at `i`, and makes it a candidate if it is a merge.
  void look_at(std::int32_t i);

  void merge_at(std::int32_t i, std::int32_t rank);

  const MergeTable& merges_;
  NewPairs new_pairs_;
  std::int32_t* ids_ = nullptr;
  std::vector<Symbol> symbols_;
  std::vector<std::uint64_t> queue_;  // a heap of candidates, rank << 32 | position, the least in front
  std::vector<std::uint64_t> found_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/bpe_merger.inl"
#endif
