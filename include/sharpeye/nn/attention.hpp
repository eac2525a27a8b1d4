#pragma once

/// @file
/// Multi-head attention with its four projections: a part of Transformer layers.

#include <array>

#include "sharpeye/nn/kv_cache.hpp"
#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// What a checkpoint calls the four projections.
struct AttentionNames {
  const char* query = "q_proj";
  const char* key = "k_proj";
  const char* value = "v_proj";
  const char* output = "out_proj";
};

/// The queries of the last `num_queries` rows of x, and the keys and values of all.
template <class Ops>
std::array<typename Ops::Tensor, 3> project_last(Ops& ops, const typename Ops::Tensor& x, Index num_queries,
                                                 const Linear<Ops>& q_proj, const Linear<Ops>& k_proj,
                                                 const Linear<Ops>& v_proj) {
  if (num_queries == x.rows()) return linears<Ops, 3>(ops, x, {{q_proj.term(), k_proj.term(), v_proj.term()}});
  const auto [k, v] = linears<Ops, 2>(ops, x, {{k_proj.term(), v_proj.term()}});
  return {q_proj(ops, last_rows(ops, x, num_queries)), k, v};
}

/// out_proj(softmax(q k^T / sqrt(head_dim)) v) with q = q_proj(queries), k = k_proj(keys), v = v_proj(values).
template <class Ops>
class MultiHeadAttention {
 public:
  using Tensor = typename Ops::Tensor;

  MultiHeadAttention(const WeightScope& weights, Index hidden_size, Index num_heads, bool with_bias = true,
                     const AttentionNames& names = {})
      : q_proj_(weights / names.query, hidden_size, hidden_size, with_bias),
        k_proj_(weights / names.key, hidden_size, hidden_size, with_bias),
        v_proj_(weights / names.value, hidden_size, hidden_size, with_bias),
        out_proj_(weights / names.output, hidden_size, hidden_size, with_bias),
        num_heads_(num_heads) {}

  /// queries [n, hidden], keys and values [m, hidden] -> residual [n, hidden] + attention of each query over all keys
  Tensor operator()(Ops& ops, const Tensor& queries, const Tensor& keys, const Tensor& values,
                    const Tensor& residual) const {
    const Tensor q = q_proj_(ops, queries), k = k_proj_(ops, keys), v = v_proj_(ops, values);
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v, num_heads_, AttentionMask::kNone));
  }

  /// The same where the queries are the keys: x, values [n, hidden]
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& values, const Tensor& residual) const {
    const auto [q, k] = linears<Ops, 2>(ops, x, {{q_proj_.term(), k_proj_.term()}});
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v_proj_(ops, values), num_heads_, AttentionMask::kNone));
  }

  /// Self-attention: x [n, hidden] -> residual [n, hidden] + attention
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual) const {
    const auto [q, k, v] = project_last(ops, x, x.rows(), q_proj_, k_proj_, v_proj_);
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v, num_heads_, AttentionMask::kNone));
  }

  /// Causal self-attention of the new tokens x [n, hidden] over themselves and all that `cache` holds.
  /// @param residual [m, hidden], m <= n: of the last m tokens, which alone attend
  /// @return residual [m, hidden] + attention
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual, KvCache<typename Ops::Scalar>& cache,
                    Index layer) const {
    const auto [q, k, v] = project_last(ops, x, residual.rows(), q_proj_, k_proj_, v_proj_);
    return out_proj_.add_to(ops, residual, cache.attend(ops, layer, q, k, v, num_heads_));
  }

  /// What a cache of its keys and values should have: integers have rounded them far more than half precision does.
  CachePrecision cache_precision() const {
    return k_proj_.is_integer() && v_proj_.is_integer() ? CachePrecision::kHalf : CachePrecision::kFull;
  }

 private:
  Linear<Ops> q_proj_, k_proj_, v_proj_, out_proj_;
  Index num_heads_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
