#pragma once

/// @file
/// What the configurations of CLIP's tower and of GIT's, which has its form, have in common. For .inl files.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// All but `model_type`.
template <class Config, class Fields>
void list_clip_fields(Config& config, Fields& fields, Need need) {
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize, need);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize, need);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers, need);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size, need);
  fields.integer("image_size", config.image_size, 1, kMaxImageSize, need);
  fields.integer("patch_size", config.patch_size, 1, config.image_size, need);
  fields.constant("num_channels", 3);
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
}

/// @throws Error kConfig for heads that do not share the width evenly, patches that do not fill the image or are too
/// many
template <class Config>
void check_clip_sizes(const JsonReader& json, const Config& config) {
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  require(config.image_size % config.patch_size == 0, ErrorCode::kConfig, json.where("patch_size"),
          ": expected a divisor of image_size ", config.image_size, ", actual ", config.patch_size);
  require(config.num_patches() <= kMaxPatches, ErrorCode::kConfig, json.where("patch_size"), ": expected at most ",
          kMaxPatches, " patches, actual ", config.num_patches());
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
