#pragma once

/// @file
/// Bodies of siglip_vision_config.hpp.

#include "sharpeye/models/siglip_vision_config.hpp"

#include "sharpeye/models/siglip_fields.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(SiglipVisionConfig& config, Fields& fields) {
  fields.constant("model_type", SiglipVisionConfig::kModelType);
  detail::list_siglip_fields(config, fields);
}

SHARPEYE_BODY SiglipVisionConfig SiglipVisionConfig::from_json(const JsonReader& json) {
  SiglipVisionConfig config;
  detail::read_siglip(json, config);
  return config;
}

SHARPEYE_BODY Json SiglipVisionConfig::to_json() const {
  return fields_to_json(*this);
}

SHARPEYE_NAMESPACE_END
