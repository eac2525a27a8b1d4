#pragma once

/// @file
/// The feed-forward part of Transformer layers.

#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// fc2(activation(fc1(x)))
template <class Ops>
class FeedForward {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param first, second what the checkpoint calls the two matrices
  FeedForward(const WeightScope& weights, Index hidden_size, Index intermediate_size, Activation activation,
              bool with_bias = true, const char* first = "fc1", const char* second = "fc2")
      : fc1_(weights / first, hidden_size, intermediate_size, with_bias),
        fc2_(weights / second, intermediate_size, hidden_size, with_bias),
        activation_(activation) {}

  /// x [n, hidden] -> residual [n, hidden] + feed-forward
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual) const {
    return fc2_.add_to(ops, residual, fc1_(ops, x, activation_));
  }

 private:
  Linear<Ops> fc1_, fc2_;
  Activation activation_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
