#pragma once

/// @file
/// Attention on the tape: one head after the other, forward and backward.

#include <algorithm>
#include <cmath>

#include "sharpeye/training/elementwise.hpp"
#include "sharpeye/training/tape.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// `attention` of ops.hpp, recorded. With P = softmax(Q K^T / sqrt(head_dim) + bias) and Y = P V of each head, the
/// backward pass has dV = P^T dY, dS = softmax'(P, dY V^T) / sqrt(head_dim), dQ = dS K and dK = dS^T Q. P of all heads
/// is kept for it: [num_heads * queries, keys].
template <class S>
typename Tape<S>::Tensor attention(Tape<S>& tape, const typename Tape<S>::Tensor& q, const typename Tape<S>::Tensor& k,
                                   const typename Tape<S>::Tensor& v, Index num_heads, AttentionMask mask,
                                   const float* key_bias = nullptr) {
  const Index hidden = q.columns(), head_dim = hidden / num_heads, queries = q.rows(), keys = k.rows();
  const Index width = k.columns(), group = hidden / width;  // `group` heads share keys and values
  const S scale = 1 / std::sqrt(static_cast<S>(head_dim));
  auto y = tape.allocate(queries, hidden, q.needs_gradient() || k.needs_gradient() || v.needs_gradient());
  const auto weights = tape.allocate(num_heads * queries, keys, false);
  for (Index head = 0; head < num_heads; ++head) {
    const Index column = head * head_dim, kv_column = head / group * head_dim;
    S* p = weights.mutable_data() + head * queries * keys;
    matmul<S>(tape.arena(), queries, keys, head_dim, {q.data() + column, hidden}, {k.data() + kv_column, width, true},
              p, keys, false);
    for (Index i = 0; i < queries; ++i) {
      const Index seen = mask == AttentionMask::kCausal ? keys - queries + i + 1 : keys;
      S* row = p + i * keys;
      for (Index j = 0; j < seen; ++j) row[j] *= scale;
      for (Index j = 0; key_bias != nullptr && j < seen; ++j) row[j] += static_cast<S>(key_bias[j]);
      softmax(seen, row);
      std::fill(row + seen, row + keys, S{0});
    }
    matmul<S>(tape.arena(), queries, head_dim, keys, {p, keys}, {v.data() + kv_column, width},
              y.mutable_data() + column, hidden, false);
  }
  tape.record(y, [=, &tape] {
    const ArenaBuffer buffer = tape.arena().acquire(static_cast<std::size_t>(queries * keys) * sizeof(S));
    auto* ds = static_cast<S*>(buffer.data());
    S* dq = q.needs_gradient() ? tape.zeroed_gradient(q) : nullptr;
    S* dk = k.needs_gradient() ? tape.zeroed_gradient(k) : nullptr;
    S* dv = v.needs_gradient() ? tape.zeroed_gradient(v) : nullptr;
    for (Index head = 0; head < num_heads; ++head) {
      const Index column = head * head_dim, kv_column = head / group * head_dim;
      const S* p = weights.data() + head * queries * keys;
      const S* dy = tape.gradient_of(y) + column;
      if (dv != nullptr) {
        matmul<S>(tape.arena(), keys, head_dim, queries, {p, keys, true}, {dy, hidden}, dv + kv_column, width, true);
      }
      if (dq == nullptr && dk == nullptr) continue;
      matmul<S>(tape.arena(), queries, keys, head_dim, {dy, hidden}, {v.data() + kv_column, width, true}, ds, keys,
                false);
      for (Index i = 0; i < queries; ++i) {
        softmax_gradient(keys, scale, p + i * keys, ds + i * keys);
      }
      if (dq != nullptr) {
        matmul<S>(tape.arena(), queries, head_dim, keys, {ds, keys}, {k.data() + kv_column, width}, dq + column, hidden,
                  true);
      }
      if (dk != nullptr) {
        matmul<S>(tape.arena(), keys, head_dim, queries, {ds, keys, true}, {q.data() + column, hidden}, dk + kv_column,
                  width, true);
      }
    }
  });
  return y;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
