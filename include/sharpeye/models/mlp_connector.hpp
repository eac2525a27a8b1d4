#pragma once

/// @file
/// MLPs between widths, named by LLaVA's type strings, and the connector that feeds visual tokens to the language
/// model.

#include <optional>
#include <string>
#include <vector>

#include "sharpeye/models/connector_config.hpp"
#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An MLP of the form that `type` describes: tensors linear_1, linear_2, ..., and norm where it has one.
template <class Ops>
class Mlp {
 public:
  using Tensor = typename Ops::Tensor;

  Mlp(const MlpType& type, const WeightScope& weights, Index in, Index out, double layer_norm_eps = 1e-5,
      bool with_bias = true)
      : type_(type) {
    const Index inner = type.expansion == 0 ? out : type.expansion * out;
    for (Index i = 0; i < type.depth; ++i) {
      linears_.emplace_back(weights / ("linear_" + std::to_string(i + 1)), i == 0 ? in : inner,
                            i + 1 == type.depth ? out : inner, with_bias);
    }
    if (type.norm) norm_.emplace(weights / "norm", out, layer_norm_eps);
  }

  /// x [n, in] -> [n, out]
  Tensor operator()(Ops& ops, Tensor x) const {
    for (std::size_t i = 0; i < linears_.size(); ++i) {
      const bool is_activated = i + (type_.expansion == 0 ? 1 : 2) < linears_.size();
      x = linears_[i](ops, x, is_activated ? type_.activation : Activation::kNone);
    }
    return norm_ ? (*norm_)(ops, x) : x;
  }

 private:
  MlpType type_;
  std::vector<nn::Linear<Ops>> linears_;
  std::optional<nn::LayerNorm<Ops>> norm_;
};

/// The hidden states of some layers, concatenated as `concat` says, without their first `num_prefix_tokens` rows.
template <class Ops>
typename Ops::Tensor gather_features(Ops& ops, const std::vector<typename Ops::Tensor>& hidden_states,
                                     FeatureConcat concat, Index num_prefix_tokens) {
  std::vector<typename Ops::Tensor> levels;
  for (const auto& state : hidden_states)
    levels.push_back(ops.slice_rows(state, num_prefix_tokens, state.rows() - num_prefix_tokens));
  if (levels.size() == 1) return levels.front();
  return concat == FeatureConcat::kChannel ? ops.concat_columns(levels) : ops.concat_rows(levels);
}

SHARPEYE_NAMESPACE_END
