#pragma once

/// @file
/// The norm of LLaMA's family.

#include "sharpeye/formats/weight_scope.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// y = x / sqrt(mean(x^2) + epsilon) * weight over each row (arXiv 1910.07467).
template <class Ops>
class RmsNorm {
 public:
  using Tensor = typename Ops::Tensor;

  RmsNorm(const WeightScope& weights, Index size, double epsilon)
      : weight_(weights.get("weight", {size})), epsilon_(epsilon) {}

  /// x [n, size] -> [n, size]
  Tensor operator()(Ops& ops, const Tensor& x) const { return ops.rms_norm(x, weight_, epsilon_); }

 private:
  typename Ops::Vector weight_;
  double epsilon_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
