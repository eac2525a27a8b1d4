#pragma once

/// @file
/// Bodies of clip_vision_config.hpp.

#include "sharpeye/models/clip_vision_config.hpp"

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(ClipVisionConfig& config, Fields& fields) {
  fields.constant("model_type", ClipVisionConfig::kModelType);
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize, Need::kRequired);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize, Need::kRequired);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers, Need::kRequired);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size, Need::kRequired);
  fields.integer("image_size", config.image_size, 1, kMaxImageSize, Need::kRequired);
  fields.integer("patch_size", config.patch_size, 1, config.image_size, Need::kRequired);
  fields.constant("num_channels", 3);
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
}

SHARPEYE_BODY ClipVisionConfig ClipVisionConfig::from_json(const JsonReader& json) {
  ClipVisionConfig config;
  read_fields(json, config);
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  require(config.image_size % config.patch_size == 0, ErrorCode::kConfig, json.where("patch_size"),
          ": expected a divisor of image_size ", config.image_size, ", actual ", config.patch_size);
  require(config.num_patches() <= kMaxPatches, ErrorCode::kConfig, json.where("patch_size"), ": expected at most ",
          kMaxPatches, " patches, actual ", config.num_patches());
  return config;
}

SHARPEYE_BODY Json ClipVisionConfig::to_json() const {
  return fields_to_json(*this);
}

SHARPEYE_NAMESPACE_END
