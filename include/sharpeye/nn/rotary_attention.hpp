#pragma once

/// @file
/// Causal attention with rotary positions and fewer key-value heads than query heads: a part of Transformer layers.

#include <memory>
#include <utility>
#include <vector>

#include "sharpeye/nn/attention.hpp"
#include "sharpeye/ops/rotary.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// The sizes of a RotaryAttention.
struct RotaryAttentionSizes {
  Index hidden_size;
  Index num_heads;
  Index num_key_value_heads;  ///< a divisor of num_heads: query head h reads key-value head h / (heads / this)
  Index head_dim;             ///< even
  bool qkv_bias;              ///< of q_proj, k_proj and v_proj
  bool output_bias;           ///< of o_proj
};

/// o_proj(softmax(q k^T / sqrt(head_dim)) v) with q and k turned by their positions' angles (arXiv 2104.09864).
template <class Ops>
class RotaryAttention {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param table angles of head_dim, for all positions that will come; layers share it
  RotaryAttention(const WeightScope& weights, const RotaryAttentionSizes& sizes,
                  std::shared_ptr<const RotaryTable> table)
      : q_proj_(weights / "q_proj", sizes.hidden_size, sizes.num_heads * sizes.head_dim, sizes.qkv_bias),
        k_proj_(weights / "k_proj", sizes.hidden_size, sizes.num_key_value_heads * sizes.head_dim, sizes.qkv_bias),
        v_proj_(weights / "v_proj", sizes.hidden_size, sizes.num_key_value_heads * sizes.head_dim, sizes.qkv_bias),
        o_proj_(weights / "o_proj", sizes.num_heads * sizes.head_dim, sizes.hidden_size, sizes.output_bias),
        num_heads_(sizes.num_heads),
        num_key_value_heads_(sizes.num_key_value_heads),
        table_(std::move(table)) {}

  /// The new tokens x [n, hidden] over themselves and all that `cache` holds, which keeps keys that are turned already.
  /// @param residual [m, hidden], m <= n: of the last m tokens, which alone attend
  /// @param positions of the new tokens [n]
  /// @return residual [m, hidden] + attention
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual, KvCache<typename Ops::Scalar>& cache,
                    Index layer, const std::vector<std::int32_t>& positions) const {
    auto [q, k, v] = project_last(ops, x, residual.rows(), q_proj_, k_proj_, v_proj_);
    const std::vector<std::int32_t> of_queries(positions.end() - residual.rows(), positions.end());
    const Tensor queries = ops.rotary(std::move(q), num_heads_, *table_, of_queries);
    const Tensor keys = ops.rotary(std::move(k), num_key_value_heads_, *table_, positions);
    return o_proj_.add_to(ops, residual, cache.attend(ops, layer, queries, keys, v, num_heads_));
  }

  /// What a cache of its keys and values should have: integers have rounded them far more than half precision does.
  CachePrecision cache_precision() const {
    return k_proj_.is_integer() && v_proj_.is_integer() ? CachePrecision::kHalf : CachePrecision::kFull;
  }

 private:
  Linear<Ops> q_proj_, k_proj_, v_proj_, o_proj_;
  Index num_heads_, num_key_value_heads_;
  std::shared_ptr<const RotaryTable> table_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
