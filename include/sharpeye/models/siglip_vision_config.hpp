#pragma once

/// @file
/// The sizes of a SigLIP vision tower.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config` of model type "siglip_vision_model", with Hugging Face's keys and defaults.
struct SiglipVisionConfig {
  static constexpr const char* kModelType = "siglip_vision_model";

  Index hidden_size = 768;
  Index intermediate_size = 3072;
  Index num_hidden_layers = 12;
  Index num_attention_heads = 12;
  Index image_size = 224;
  Index patch_size = 16;
  Activation hidden_act = Activation::kGeluTanh;
  double layer_norm_eps = 1e-6;

  /// @throws Error kConfig naming the key.
  static SiglipVisionConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// Patches along one side of the image; pixels that fill no whole patch (384 = 27 * 14 + 6) are not looked at.
  Index grid_size() const { return image_size / patch_size; }
  Index num_patches() const { return grid_size() * grid_size(); }
  /// Tokens before those of the patches: none.
  Index num_prefix_tokens() const { return 0; }
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/siglip_vision_config.inl"
#endif
