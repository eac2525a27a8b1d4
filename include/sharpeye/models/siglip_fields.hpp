#pragma once

/// @file
/// What configurations of towers of SigLIP's form have in common. For .inl files.

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Without SiglipVisionConfig's header, whose bodies include this one.
template <class Config, class Fields>
void list_siglip_fields(Config& config, Fields& fields) {
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size);
  fields.integer("image_size", config.image_size, 1, kMaxImageSize);
  fields.integer("patch_size", config.patch_size, 1, config.image_size);
  fields.constant("num_channels", 3);
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
}

/// A configuration of SigLIP's form. @param config with the kind's defaults
template <class Config>
void read_siglip(const JsonReader& json, Config& config) {
  read_fields(json, config);
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  require(config.num_patches() <= kMaxPatches, ErrorCode::kConfig, json.where("patch_size"), ": expected at most ",
          kMaxPatches, " patches, actual ", config.num_patches());
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
