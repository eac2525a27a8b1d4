#pragma once

/// @file
/// The probabilities that the attention kernels use and never store, for those who look on.

#include <cmath>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/ops/attention_observer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// One row of softmax(q k^T / sqrt(head_dim) + bias): of `head` and `query` over the keys that it sees, in their order.
/// @return [call.keys_of(query)], which sum to 1
inline std::vector<float> attention_probabilities(const AttentionCall& call, Index head, Index query) {
  using Row = Eigen::Map<const Eigen::VectorXf>;
  const Row q(call.queries + query * call.query_stride + head * call.head_dim, call.head_dim);
  const Index column = head / call.heads_of_key * call.key_head_stride;
  Eigen::VectorXf key(call.head_dim);
  const float scale = 1 / std::sqrt(static_cast<float>(call.head_dim));
  Eigen::ArrayXf row(call.keys_of(query));
  for (Index i = 0; i < row.size(); ++i) {
    const Index place = call.spans != nullptr ? Index{call.spans[query].rows[i]} : i;
    const Index first = place * call.key_stride + column;
    for (Index j = 0; j < key.size(); ++j) {
      key[j] = call.keys != nullptr ? call.keys[first + j] : static_cast<float>(call.half_keys[first + j]);
    }
    row[i] = scale * q.dot(key) + (call.key_bias == nullptr ? 0.0f : call.key_bias[place]);
  }
  row = (row - row.maxCoeff()).exp();
  const auto sum = static_cast<float>(row.cast<double>().sum());
  row /= sum;
  return {row.data(), row.data() + row.size()};
}

SHARPEYE_NAMESPACE_END
