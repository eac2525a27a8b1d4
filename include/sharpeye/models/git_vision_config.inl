#pragma once

/// @file
/// Bodies of git_vision_config.hpp.

#include "sharpeye/models/git_vision_config.hpp"

#include "sharpeye/models/clip_vision_fields.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(GitVisionConfig& config, Fields& fields) {
  fields.constant("model_type", GitVisionConfig::kModelType);
  detail::list_clip_fields(config, fields, Need::kOptional);
}

SHARPEYE_BODY GitVisionConfig GitVisionConfig::from_json(const JsonReader& json) {
  GitVisionConfig config;
  read_fields(json, config);
  detail::check_clip_sizes(json, config);
  return config;
}

SHARPEYE_BODY Json GitVisionConfig::to_json() const {
  return fields_to_json(*this);
}

SHARPEYE_NAMESPACE_END
