#pragma once

/// @file
/// Keys and values of the tokens that a decoder has seen, for one sequence or for several that share a beginning.

#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/pages.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// Every token gets a row of its own in each layer's store; a sequence is a list of row numbers. Beams therefore share
/// their prompt and every common beginning, and choosing beams moves a few integers, never a key or a value.
template <class S>
class KvCache {
 public:
  /// Room for `capacity` tokens in all, not yet touched: memory is taken as tokens come.
  KvCache(Index num_layers, Index hidden_size, Index capacity) : hidden_size_(hidden_size), capacity_(capacity) {
    for (Index layer = 0; layer < 2 * num_layers; ++layer) {
      stores_.push_back(allocate_pages(static_cast<std::size_t>(capacity * hidden_size) * sizeof(S)));
    }
  }

  /// Tokens of each sequence.
  Index length() const { return static_cast<Index>(sequences_.front().size()); }
  Index num_sequences() const { return static_cast<Index>(sequences_.size()); }

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

  /// Makes room for `count` new tokens of each sequence. The activations of the step hold them sequence after sequence.
  /// @throws Error kLimit when the capacity is exceeded.
  void extend(Index count) {
    first_new_row_ = used_;
    require(used_ + count * num_sequences() <= capacity_, ErrorCode::kLimit, "key-value cache: expected at most ",
            capacity_, " tokens, actual ", used_ + count * num_sequences());
    for (auto& sequence : sequences_) {
      for (Index token = 0; token < count; ++token) sequence.push_back(static_cast<std::int32_t>(used_++));
    }
    spans_.clear();
    for (const auto& sequence : sequences_) {
      const Index past = static_cast<Index>(sequence.size()) - count;
      for (Index token = 0; token < count; ++token) spans_.push_back({sequence.data(), past + token + 1});
    }
  }

  /// Stores the keys and values [new tokens, hidden_size] of the step that extend() began.
  template <class Ops>
  void store(Ops& ops, Index layer, const typename Ops::Tensor& keys, const typename Ops::Tensor& values) {
    ops.copy_out(keys, store(2 * layer) + first_new_row_ * hidden_size_, hidden_size_);
    ops.copy_out(values, store(2 * layer + 1) + first_new_row_ * hidden_size_, hidden_size_);
  }

  CachedRows<S> rows(Index layer) const { return {store(2 * layer), store(2 * layer + 1), hidden_size_}; }

  /// What each token of the step sees, itself included.
  const std::vector<RowSpan>& spans() const { return spans_; }

  /// Whether the step's tokens are the first ones and of one sequence: then plain causal attention says the same.
  bool is_prefill() const { return first_new_row_ == 0 && num_sequences() == 1; }

 private:
  S* store(Index index) const { return static_cast<S*>(stores_[static_cast<std::size_t>(index)].get()); }

  Index hidden_size_, capacity_;
  Index used_ = 0, first_new_row_ = 0;
  std::vector<Pages> stores_;  // keys of layer 0, values of layer 0, keys of layer 1, ...
  std::vector<std::vector<std::int32_t>> sequences_{1};
  std::vector<RowSpan> spans_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
