#pragma once

/// @file
/// Keys and values of the tokens that a decoder has seen, for one sequence or for several that share a beginning.

#include <algorithm>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/pages.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// How a cache keeps its numbers.
enum class CachePrecision {
  kFull,  ///< as they were computed
  /// In half precision, rounded once (a part in 2,048), to +-65504 at most: half the memory, and half of what a token
  /// reads. All attention reads what was rounded, that of the prefill too, so that a token has the same keys and values
  /// whether it came in the prompt, in a draft or alone.
  kHalf,
};

/// What a cache keeps of each token: the keys and the values of each layer.
struct CacheShape {
  Index num_layers;
  Index num_heads;  ///< of keys and values
  Index head_dim;
  CachePrecision precision = CachePrecision::kFull;

  /// Bytes of a token, where full precision has `scalar` bytes.
  Index bytes_of_token(Index scalar = 4) const {
    return 2 * num_layers * num_heads * head_dim * (precision == CachePrecision::kHalf ? 2 : scalar);
  }
};

/// Tokens at the beginning of a sequence that do not simply follow each other: each may stand for several.
struct PlacedTokens {
  std::vector<std::int32_t> positions;  ///< ascending
  /// ln of how many tokens each stands for: what attention adds to the scores of its key, so that it has the say of all
  /// of them (as in token merging, arXiv 2210.09461).
  std::vector<float> log_counts;
};

/// Every token gets a row of its own in each layer's store; a sequence is a list of row numbers. Beams therefore share
/// their prompt and every common beginning, and choosing beams moves a few integers, never a key or a value.
///
/// A store is [num_heads, capacity, head_dim]: a query reads one head of all rows, which so is one stretch of memory.
template <class S>
class KvCache {
 public:
  /// Room for `capacity` tokens in all, not yet touched: memory is taken as tokens come.
  /// @param num_mutual the first tokens of every sequence, which see one another both ways; they must come in one step
  KvCache(const CacheShape& shape, Index capacity, Index num_mutual = 0)
      : num_heads_(shape.num_heads),
        places_{shape.head_dim, shape.head_dim * capacity},
        capacity_(capacity),
        num_mutual_(num_mutual),
        precision_(shape.precision) {
    const Index stores = 2 * shape.num_layers;
    for (Index layer = 0; layer < stores; ++layer) {
      stores_.push_back(allocate_pages(static_cast<std::size_t>(shape.bytes_of_token(sizeof(S)) / stores * capacity)));
    }
  }

  /// Tokens of each sequence.
  Index length() const { return static_cast<Index>(sequences_.front().size()); }
  Index num_sequences() const { return static_cast<Index>(sequences_.size()); }
  Index num_mutual() const { return num_mutual_; }

  /// Says of the first tokens of every sequence, before they come, where they stand and how many each stands for. All
  /// others follow the last of them, and stand for themselves. Without this the i-th token has position i.
  /// @throws Error kInvalidArgument when there are tokens already, or with mutual ones
  void place(const PlacedTokens& tokens) {
    require(length() == 0 && num_mutual_ == 0 && tokens.log_counts.size() == tokens.positions.size() &&
                static_cast<Index>(tokens.positions.size()) <= capacity_,
            ErrorCode::kInvalidArgument, "key-value cache: expected the places of the first tokens of an empty one");
    positions_ = tokens.positions;
    key_bias_ = tokens.log_counts;
    if (!key_bias_.empty()) key_bias_.resize(static_cast<std::size_t>(capacity_), 0.0f);
  }
  /// The position of a sequence's token.
  Index position(Index token) const {
    const auto placed = static_cast<Index>(positions_.size());
    if (token < placed) return positions_[static_cast<std::size_t>(token)];
    return placed == 0 ? token : positions_.back() + 1 + (token - placed);
  }
  CachePrecision precision() const { return precision_; }

  /// Sequence i becomes a continuation of the former sequence parents[i].
  void select(const std::vector<Index>& parents) {
    std::vector<std::vector<std::int32_t>> chosen;
    for (const Index parent : parents) chosen.push_back(sequences_[static_cast<std::size_t>(parent)]);
    sequences_.swap(chosen);
  }

  /// Forgets the tokens of the one sequence after the first `length`; their rows are used again.
  /// @throws Error kInvalidArgument with several sequences, or for more tokens than there are.
  void truncate(Index length) {
    require(num_sequences() == 1 && length >= 0 && length <= this->length(), ErrorCode::kInvalidArgument,
            "key-value cache: expected one sequence of ", length, " tokens or more, actual ", num_sequences(), " of ",
            this->length());
    std::vector<std::int32_t>& sequence = sequences_.front();
    sequence.resize(static_cast<std::size_t>(length));
    used_ = sequence.empty() ? 0 : sequence.back() + 1;
  }

  /// Before a step whose new tokens form a tree: each of them, one for each of `parents`, ends a sequence of its own.
  /// @param root how many tokens all sequences begin with; of other tokens there may only be those of such steps
  /// @param parents what each new token follows: the number of a token of the tree, as they came, those of this step
  /// included; -1 for the root
  void branch(Index root, const std::vector<Index>& parents) {
    std::vector<std::int32_t> begin = std::move(sequences_.front());
    begin.resize(static_cast<std::size_t>(root));
    tree_.resize(static_cast<std::size_t>(used_ - root));
    sequences_.clear();
    for (const Index parent : parents) {
      require(parent >= -1 && parent < static_cast<Index>(tree_.size()), ErrorCode::kInvalidArgument,
              "key-value cache: expected a parent below ", tree_.size(), ", actual ", parent);
      std::vector<std::int32_t> path = begin;
      for (Index token = parent; token >= 0; token = tree_[static_cast<std::size_t>(token)]) {
        path.push_back(static_cast<std::int32_t>(root + token));
      }
      std::reverse(path.begin() + root, path.end());
      sequences_.push_back(std::move(path));
      tree_.push_back(parent);
    }
  }

  /// The positions of the next `count` tokens of each sequence, sequence after sequence.
  std::vector<std::int32_t> next_positions(Index count) const {
    std::vector<std::int32_t> positions;
    for (const auto& sequence : sequences_) {
      for (Index token = 0; token < count; ++token) {
        positions.push_back(static_cast<std::int32_t>(position(static_cast<Index>(sequence.size()) + token)));
      }
    }
    return positions;
  }

  /// Makes room for `count` new tokens of each sequence. The activations of the step hold them sequence after sequence.
  /// @throws Error kLimit when the capacity is exceeded, kInvalidArgument when the mutual tokens come in parts.
  void extend(Index count) {
    require(length() >= num_mutual_ || (length() == 0 && count >= num_mutual_), ErrorCode::kInvalidArgument,
            "key-value cache: expected the first ", num_mutual_, " tokens in one step, actual ", count, " after ",
            length());
    first_new_row_ = used_;
    require(used_ + count * num_sequences() <= capacity_, ErrorCode::kLimit, "key-value cache: expected at most ",
            capacity_, " tokens, actual ", used_ + count * num_sequences());
    for (auto& sequence : sequences_) {
      for (Index token = 0; token < count; ++token) sequence.push_back(static_cast<std::int32_t>(used_++));
    }
    spans_.clear();
    for (const auto& sequence : sequences_) {
      const Index past = static_cast<Index>(sequence.size()) - count;
      for (Index token = 0; token < count; ++token) {
        spans_.push_back({sequence.data(), std::max(past + token + 1, num_mutual_)});
      }
    }
  }

  /// Stores the keys and values [new tokens, heads of these * head_dim] of the step that extend() began, and attends:
  /// each new token to itself and to what its sequence held, the mutual tokens also to one another.
  /// @param q [m, heads * head_dim], of the last m new tokens, which alone attend
  /// @return [m, columns of q]
  template <class Ops>
  typename Ops::Tensor attend(Ops& ops, Index layer, const typename Ops::Tensor& q, const typename Ops::Tensor& keys,
                              const typename Ops::Tensor& values, Index num_heads) {
    if (precision_ == CachePrecision::kHalf) {
      if constexpr (detail::kReadsHalves<Ops>) return attend_halves(ops, layer, q, keys, values, num_heads);
      fail(ErrorCode::kUnsupported, "key-value cache: half precision is for inference");
    }
    const CachedRows<S> cache = put<S>(ops, layer, keys, values);
    // The first tokens of one sequence: plain causal attention gives the same result, and is faster.
    if (!is_prefill()) return ops.cached_attention(q, cache, num_heads, spans_of_last(q.rows()));
    return first_attention(ops, q, [&](const auto& queries, Index num_keys, AttentionMask mask) {
      const auto first = [&](const auto& x) { return num_keys == x.rows() ? x : ops.slice_rows(x, 0, num_keys); };
      return ops.attention(queries, first(keys), first(values), num_heads, mask, key_bias());
    });
  }

 private:
  template <class Ops>
  typename Ops::Tensor attend_halves(Ops& ops, Index layer, const typename Ops::Tensor& q,
                                     const typename Ops::Tensor& keys, const typename Ops::Tensor& values,
                                     Index num_heads) {
    const CachedRows<float16> cache = put<float16>(ops, layer, keys, values);
    if (!is_prefill()) return ops.cached_attention(q, cache, num_heads, spans_of_last(q.rows()));
    return first_attention(ops, q, [&](const auto& queries, Index num_keys, AttentionMask mask) {
      return ops.attention(queries, cache, num_keys, num_heads, mask);
    });
  }

  const float* key_bias() const { return key_bias_.empty() ? nullptr : key_bias_.data(); }

  bool is_prefill() const { return first_new_row_ == 0 && num_sequences() == 1; }

  std::vector<RowSpan> spans_of_last(Index count) const { return {spans_.end() - count, spans_.end()}; }

  // Stores the keys and values of the new tokens. @return those of all tokens
  template <class T, class Ops>
  CachedRows<T> put(Ops& ops, Index layer, const typename Ops::Tensor& keys, const typename Ops::Tensor& values) const {
    T* const stored_keys = static_cast<T*>(stores_[static_cast<std::size_t>(2 * layer)].get());
    T* const stored_values = static_cast<T*>(stores_[static_cast<std::size_t>(2 * layer + 1)].get());
    const Index first = first_new_row_ * places_.row_stride;
    ops.copy_heads(keys, num_heads_, stored_keys + first, places_);
    ops.copy_heads(values, num_heads_, stored_values + first, places_);
    return {stored_keys, stored_values, num_heads_, places_, key_bias()};
  }

  // @param attend `attend(queries, num_keys, mask)`: attention over the first keys
  template <class Ops, class Attend>
  typename Ops::Tensor first_attention(Ops& ops, const typename Ops::Tensor& q, const Attend& attend) const {
    const Index num_causal = length() - num_mutual_;
    const Index num_mutual = q.rows() - num_causal;
    if (num_mutual_ == 0 || num_mutual <= 0) return attend(q, length(), AttentionMask::kCausal);
    auto mutual = attend(ops.slice_rows(q, 0, num_mutual), num_mutual_, AttentionMask::kNone);
    if (num_causal == 0) return mutual;
    return ops.concat_rows({mutual, attend(last_rows(ops, q, num_causal), length(), AttentionMask::kCausal)});
  }

  Index num_heads_;
  HeadPlaces places_;
  Index capacity_, num_mutual_;
  CachePrecision precision_;
  std::vector<std::int32_t> positions_;  // of the first tokens, where place() was told
  std::vector<float> key_bias_;          // of each row, where place() was told
  Index used_ = 0, first_new_row_ = 0;
  std::vector<Pages> stores_;  // keys of layer 0, values of layer 0, keys of layer 1, ...
  std::vector<std::vector<std::int32_t>> sequences_{1};
  std::vector<Index> tree_;  // what each token follows, where branch() was told
  std::vector<RowSpan> spans_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
