#pragma once

/// @file
/// Bodies of clip_vision_config.hpp.

#include "sharpeye/models/clip_vision_config.hpp"

#include "sharpeye/models/clip_vision_fields.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(ClipVisionConfig& config, Fields& fields) {
  fields.constant("model_type", ClipVisionConfig::kModelType);
  detail::list_clip_fields(config, fields, Need::kRequired);
}

SHARPEYE_BODY ClipVisionConfig ClipVisionConfig::from_json(const JsonReader& json) {
  ClipVisionConfig config;
  read_fields(json, config);
  detail::check_clip_sizes(json, config);
  return config;
}

SHARPEYE_BODY Json ClipVisionConfig::to_json() const {
  return fields_to_json(*this);
}

SHARPEYE_NAMESPACE_END
