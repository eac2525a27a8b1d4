#pragma once

/// @file
/// Looking on while a model attends: what `Inference<float>::observe()` takes.

#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The inputs of one attention, valid during the call that hands them over.
struct AttentionCall {
  Index num_heads, head_dim, num_queries, num_keys;
  Index heads_of_key;  ///< query heads that share a head of the keys
  const float* queries;
  Index query_stride;                  ///< elements between the beginnings of two rows, as below
  const float* keys = nullptr;         ///< null where the keys are in half precision
  const float16* half_keys = nullptr;  ///< null where they are not
  Index key_stride = 0;
  Index key_head_stride = 0;  ///< elements between two heads of a key
  AttentionMask mask = AttentionMask::kNone;
  /// Of a cache: the keys that each query sees; then `num_keys` and `mask` say nothing.
  const RowSpan* spans = nullptr;
  const float* key_bias = nullptr;  ///< of `attention`, of each key, or by the row of a cache; null: none

  /// How many keys a query sees.
  Index keys_of(Index query) const noexcept {
    if (spans != nullptr) return spans[query].count;
    return mask == AttentionMask::kCausal ? num_keys - num_queries + query + 1 : num_keys;
  }
};

/// Sees the inputs of each attention, layer after layer, before it is computed. It computes probabilities itself where
/// it wants some (attention_probabilities()), since the kernels never store them; without an observer there is one test
/// of a pointer for each layer.
class AttentionObserver {
 public:
  virtual ~AttentionObserver() = default;
  virtual void attend(const AttentionCall& call) = 0;
};

SHARPEYE_NAMESPACE_END
