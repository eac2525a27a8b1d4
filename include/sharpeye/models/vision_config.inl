#pragma once

/// @file
/// Bodies of vision_config.hpp.

#include "sharpeye/models/vision_config.hpp"

#include "sharpeye/models/config_kinds.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY Index VisionConfig::hidden_size() const {
  return std::visit([](const auto& config) { return config.hidden_size; }, any);
}
SHARPEYE_BODY Index VisionConfig::num_hidden_layers() const {
  return std::visit([](const auto& config) { return config.num_hidden_layers; }, any);
}
SHARPEYE_BODY Index VisionConfig::image_size() const {
  return std::visit([](const auto& config) { return config.image_size; }, any);
}
SHARPEYE_BODY Index VisionConfig::grid_size() const {
  return std::visit([](const auto& config) { return config.grid_size(); }, any);
}
SHARPEYE_BODY Index VisionConfig::num_prefix_tokens() const {
  return std::visit([](const auto& config) { return config.num_prefix_tokens(); }, any);
}

SHARPEYE_BODY VisionConfig VisionConfig::from_json(const JsonReader& json) {
  VisionConfig config;
  config.any = detail::read_kind<decltype(any)>(json);
  return config;
}

SHARPEYE_BODY Json VisionConfig::to_json() const {
  return std::visit([](const auto& config) { return config.to_json(); }, any);
}

SHARPEYE_NAMESPACE_END
