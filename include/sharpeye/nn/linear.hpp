#pragma once

/// @file
/// Layers with weights of their own: Linear, LayerNorm, Embedding. Each binds its tensors by name when it is
/// constructed.

#include "sharpeye/formats/weight_scope.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// y = activation(x W^T + b) with W [out, in] and b [out].
template <class Ops>
class Linear {
 public:
  using Tensor = typename Ops::Tensor;

  Linear(const WeightScope& weights, Index in, Index out, bool with_bias = true)
      : weight_(weights.get("weight", {out, in})), has_bias_(with_bias) {
    if (with_bias) bias_ = typename Ops::Vector(weights.get("bias", {out}));
  }

  /// x [n, in] -> [n, out]
  Tensor operator()(Ops& ops, const Tensor& x, Activation activation = Activation::kNone) const {
    return ops.linear(x, weight_, {bias(), activation, nullptr});
  }

  /// The layer without activation as one of several for the same input.
  LinearTerm<Ops> term() const { return {&weight_, {bias(), Activation::kNone, nullptr}}; }

  /// x [n, in] -> residual [n, out] + x W^T + b
  Tensor add_to(Ops& ops, const Tensor& residual, const Tensor& x) const {
    return ops.linear(x, weight_, {bias(), Activation::kNone, &residual});
  }

  /// Whether it rounds its input to integers.
  bool is_integer() const { return detail::is_integer(weight_, 0); }

 private:
  const typename Ops::Vector* bias() const { return has_bias_ ? &bias_ : nullptr; }

  typename Ops::Matrix weight_;
  typename Ops::Vector bias_;
  bool has_bias_;
};

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias over each row.
template <class Ops>
class LayerNorm {
 public:
  using Tensor = typename Ops::Tensor;

  LayerNorm(const WeightScope& weights, Index size, double epsilon)
      : weight_(weights.get("weight", {size})), bias_(weights.get("bias", {size})), epsilon_(epsilon) {}

  /// x [n, size] -> [n, size]
  Tensor operator()(Ops& ops, const Tensor& x) const { return ops.layer_norm(x, weight_, bias_, epsilon_); }

 private:
  typename Ops::Vector weight_, bias_;
  double epsilon_;
};

/// A table [num_embeddings, size] of rows to look up.
template <class Ops>
class Embedding {
 public:
  using Tensor = typename Ops::Tensor;

  Embedding(const WeightScope& weights, Index num_embeddings, Index size)
      : weight_(weights.get("weight", {num_embeddings, size})) {}

  /// ids [n], each in [0, num_embeddings) -> [n, size]
  Tensor operator()(Ops& ops, const std::vector<std::int32_t>& ids) const { return ops.rows(weight_, ids); }

  /// The rows begin, begin + 1, ... of n positions -> [n, size]
  Tensor range(Ops& ops, Index begin, Index count) const {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    for (Index i = 0; i < count; ++i) ids[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(begin + i);
    return ops.rows(weight_, ids);
  }

  /// The table itself, for a tied output layer.
  const typename Ops::Matrix& weight() const { return weight_; }

 private:
  typename Ops::Matrix weight_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
