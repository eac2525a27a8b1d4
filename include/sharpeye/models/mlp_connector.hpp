#pragma once

/// @file
/// MLPs between widths, named by LLaVA's type strings, and the connector that feeds visual tokens to the language
/// model.

#include <string>
#include <vector>

#include "sharpeye/models/config_limits.hpp"
#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An MLP's form. `mlp{n}x_gelu`: Linear(in, out), then n - 1 times GELU and Linear(out, out). `mlp{n}x_bott{e}x_gelu`:
/// width e * out inside, and no activation before the last Linear (the paper's code; paper.md 1.2).
struct MlpType {
  Index depth = 2;
  Index expansion = 0;  ///< e, or 0 for the plain form

  /// @throws Error kConfig
  static MlpType from_json(const JsonReader& json, const std::string& key, const std::string& fallback) {
    const std::string text = json.text(key, fallback);
    int end = 0, depth = 0, expansion = 0;
    const auto is_whole = [&] { return end > 0 && static_cast<std::size_t>(end) == text.size(); };
    if (std::sscanf(text.c_str(), "mlp%2dx_bott%2dx_gelu%n", &depth, &expansion, &end) == 2 && is_whole() &&
        depth >= 2 && expansion >= 1) {
      return {depth, expansion};
    }
    end = 0;
    if (std::sscanf(text.c_str(), "mlp%2dx_gelu%n", &depth, &end) == 1 && is_whole() && depth >= 1) return {depth, 0};
    fail(ErrorCode::kConfig, json.where(key), ": expected mlp{n}x_gelu or mlp{n}x_bott{e}x_gelu, actual ",
         in_quotes(text));
  }
};

/// The MLP of a type: tensors linear_1, linear_2, ...
template <class Ops>
class Mlp {
 public:
  using Tensor = typename Ops::Tensor;

  Mlp(const MlpType& type, const WeightScope& weights, Index in, Index out) : type_(type) {
    const Index inner = type.expansion == 0 ? out : type.expansion * out;
    for (Index i = 0; i < type.depth; ++i) {
      linears_.emplace_back(weights / ("linear_" + std::to_string(i + 1)), i == 0 ? in : inner,
                            i + 1 == type.depth ? out : inner);
    }
  }

  /// x [n, in] -> [n, out]
  Tensor operator()(Ops& ops, Tensor x) const {
    for (std::size_t i = 0; i < linears_.size(); ++i) {
      const bool is_activated = i + (type_.expansion == 0 ? 1 : 2) < linears_.size();
      x = linears_[i](ops, x, is_activated ? Activation::kGelu : Activation::kNone);
    }
    return x;
  }

 private:
  MlpType type_;
  std::vector<nn::Linear<Ops>> linears_;
};

/// The hidden states of some layers, class token dropped: concatenated on the channel axis [N, m * d], or level after
/// level on the token axis [m * N, d].
enum class FeatureConcat { kChannel, kToken };

template <class Ops>
typename Ops::Tensor gather_features(Ops& ops, const std::vector<typename Ops::Tensor>& hidden_states,
                                     FeatureConcat concat) {
  std::vector<typename Ops::Tensor> levels;
  for (const auto& state : hidden_states) levels.push_back(ops.slice_rows(state, 1, state.rows() - 1));
  if (levels.size() == 1) return levels.front();
  return concat == FeatureConcat::kChannel ? ops.concat_columns(levels) : ops.concat_rows(levels);
}

/// `connector`: the MLP of the first glance and the layers that it reads.
struct ConnectorConfig {
  MlpType type{4, 4};
  std::vector<Index> vision_feature_layers{23};  ///< Hugging Face's numbering; several are concatenated by channel

  static ConnectorConfig from_json(const JsonReader& json) {
    ConnectorConfig config;
    config.type = MlpType::from_json(json, "type", "mlp4x_bott4x_gelu");
    config.vision_feature_layers = {-2};
    if (json.has("vision_feature_layers")) {
      config.vision_feature_layers = json.integers("vision_feature_layers", -kMaxLayers, kMaxLayers);
    }
    return config;
  }
};

SHARPEYE_NAMESPACE_END
