#pragma once

/// @file
/// Bodies of idefics3_vision_config.hpp.

#include "sharpeye/models/idefics3_vision_config.hpp"

#include "sharpeye/models/siglip_fields.hpp"

SHARPEYE_NAMESPACE_BEGIN

// Beside these stands the model type, of which there are two spellings.
template <class Fields>
void list_fields(Idefics3VisionConfig& config, Fields& fields) {
  detail::list_siglip_fields(config, fields);
}

SHARPEYE_BODY Idefics3VisionConfig Idefics3VisionConfig::from_json(const JsonReader& json) {
  Idefics3VisionConfig config;
  json.one_of("model_type", {kModelType, "idefics3"}, kModelType);
  detail::read_siglip(json, config);
  // Of patch i of n the reference looks i / n up among 1 / n, 2 / n, ... in float32. Where a sum of its is above a
  // product, two patches have one position; found by running torch 2.15, and the same on every machine up to 37.
  const Index grid = config.grid_size();
  const bool is_exact = grid >= 1 && grid <= 37 && grid != 19 && grid != 25 && grid != 29 && grid != 31;
  require(is_exact, ErrorCode::kUnsupported, json.where("patch_size"),
          ": expected 1 to 37 patches along a side, but not 19, 25, 29 or 31, actual ", grid);
  return config;
}

SHARPEYE_BODY Json Idefics3VisionConfig::to_json() const {
  Json json{{"model_type", kModelType}};
  json.update(fields_to_json(*this));
  return json;
}

SHARPEYE_NAMESPACE_END
