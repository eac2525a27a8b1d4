#pragma once

/// @file
/// The gated feed-forward part of Transformer layers (SwiGLU, arXiv 2002.05202).

#include <utility>

#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// down_proj(activation(gate_proj(x)) * up_proj(x))
template <class Ops>
class GatedFeedForward {
 public:
  using Tensor = typename Ops::Tensor;

  GatedFeedForward(const WeightScope& weights, Index hidden_size, Index intermediate_size, Activation activation,
                   bool with_bias)
      : gate_proj_(weights / "gate_proj", hidden_size, intermediate_size, with_bias),
        up_proj_(weights / "up_proj", hidden_size, intermediate_size, with_bias),
        down_proj_(weights / "down_proj", intermediate_size, hidden_size, with_bias),
        activation_(activation) {}

  /// x [n, hidden] -> residual [n, hidden] + feed-forward
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual) const {
    return down_proj_.add_to(ops, residual, gated(ops, x));
  }

 private:
  // A function of its own, so that its tensors, the largest of a model, are gone when the next product begins.
  Tensor gated(Ops& ops, const Tensor& x) const {
    LinearTerm<Ops> gate = gate_proj_.term();
    gate.epilogue.activation = activation_;
    auto [gates, values] = linears<Ops, 2>(ops, x, {{gate, up_proj_.term()}});
    return ops.multiply(std::move(gates), values);
  }

  Linear<Ops> gate_proj_, up_proj_, down_proj_;
  Activation activation_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
