#pragma once

/// @file
/// Bodies of connector_config.hpp.

#include "sharpeye/models/connector_config.hpp"

#include <string_view>

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Takes the rest of `text` after `beginning`. @return false where it does not begin so
inline bool take(std::string_view& text, std::string_view beginning) {
  if (text.substr(0, beginning.size()) != beginning) return false;
  text.remove_prefix(beginning.size());
  return true;
}

/// Takes a number from 1 to 99. @return 0 where there is none
inline Index take_count(std::string_view& text) {
  Index count = 0, digits = 0;
  for (; digits < 2 && !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    count = 10 * count + (text.front() - '0');
    text.remove_prefix(1);
  }
  return count;
}

}  // namespace detail

SHARPEYE_BODY MlpType MlpType::from_text(const std::string& text, const std::string& where) {
  MlpType type;
  std::string_view rest = text;
  const auto parse = [&] {
    if (!detail::take(rest, "mlp")) return false;
    type.depth = detail::take_count(rest);
    if (type.depth < 1 || !detail::take(rest, "x_")) return false;
    if (detail::take(rest, "bott")) {
      type.expansion = detail::take_count(rest);
      if (type.expansion < 1 || type.depth < 2 || !detail::take(rest, "x_")) return false;
    }
    for (const auto& [known, name] : activation_names()) {
      type.activation = known;
      if (rest == name) return true;
      type.norm = rest == concat(name, "_norm");
      if (type.norm) return true;
    }
    return false;
  };
  require(parse(), ErrorCode::kConfig, where, ": expected mlp{n}x_gelu or mlp{n}x_bott{e}x_gelu, or another ",
          "activation, and _norm behind it for a layer norm, actual ", in_quotes(text));
  return type;
}

SHARPEYE_BODY std::string MlpType::to_text() const {
  return concat("mlp", depth, "x_", expansion == 0 ? "" : concat("bott", expansion, "x_"), simd::to_string(activation),
                norm ? "_norm" : "");
}

template <class Fields>
void list_fields(ConnectorConfig& config, Fields& fields) {
  fields.parsed("type", config.type);
  fields.integers("vision_feature_layers", config.vision_feature_layers, -kMaxLayers, kMaxLayers);
  fields.choice(
      "vision_feature_select_strategy", config.select,
      Names<FeatureSelect>{
          {FeatureSelect::kPatches, "patches"}, {FeatureSelect::kDefault, "default"}, {FeatureSelect::kFull, "full"}});
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
  fields.integer("pixel_shuffle", config.pixel_shuffle, 1, kMaxImageSize);
  fields.boolean("bias", config.bias);
}

SHARPEYE_BODY ConnectorConfig ConnectorConfig::from_json(const JsonReader& json) {
  ConnectorConfig config;
  config.vision_feature_layers = {-2};
  read_fields(json, config);
  json.require_known_keys(field_names(config));
  return config;
}

SHARPEYE_BODY Json ConnectorConfig::to_json() const {
  Json json = fields_to_json(*this);
  // As it always was where they are not needed.
  if (select == FeatureSelect::kPatches) json.erase("vision_feature_select_strategy");
  if (pixel_shuffle == 1) json.erase("pixel_shuffle");
  if (bias) json.erase("bias");
  if (!type.norm) json.erase("layer_norm_eps");
  return json;
}

SHARPEYE_NAMESPACE_END
