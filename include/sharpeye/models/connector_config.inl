#pragma once

/// @file
/// Bodies of connector_config.hpp.

#include "sharpeye/models/connector_config.hpp"

#include <cstdio>

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY MlpType MlpType::from_text(const std::string& text, const std::string& where) {
  int end = 0, depth = 0, expansion = 0;
  const auto is_whole = [&] { return end > 0 && static_cast<std::size_t>(end) == text.size(); };
  if (std::sscanf(text.c_str(), "mlp%2dx_bott%2dx_gelu%n", &depth, &expansion, &end) == 2 && is_whole() && depth >= 2 &&
      expansion >= 1) {
    return {depth, expansion};
  }
  end = 0;
  if (std::sscanf(text.c_str(), "mlp%2dx_gelu%n", &depth, &end) == 1 && is_whole() && depth >= 1) return {depth, 0};
  fail(ErrorCode::kConfig, where, ": expected mlp{n}x_gelu or mlp{n}x_bott{e}x_gelu, actual ", in_quotes(text));
}

SHARPEYE_BODY std::string MlpType::to_text() const {
  return concat("mlp", depth, "x_", expansion == 0 ? "gelu" : concat("bott", expansion, "x_gelu"));
}

template <class Fields>
void list_fields(ConnectorConfig& config, Fields& fields) {
  fields.parsed("type", config.type);
  fields.integers("vision_feature_layers", config.vision_feature_layers, -kMaxLayers, kMaxLayers);
  fields.choice(
      "vision_feature_select_strategy", config.select,
      Names<FeatureSelect>{
          {FeatureSelect::kPatches, "patches"}, {FeatureSelect::kDefault, "default"}, {FeatureSelect::kFull, "full"}});
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
  if (select == FeatureSelect::kPatches) json.erase("vision_feature_select_strategy");  // as it always was
  return json;
}

SHARPEYE_NAMESPACE_END
