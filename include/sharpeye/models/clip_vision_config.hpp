#pragma once

/// @file
/// The sizes of a CLIP vision tower.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config` of model type "clip_vision_model", with Hugging Face's keys.
struct ClipVisionConfig {
  static constexpr const char* kModelType = "clip_vision_model";

  Index hidden_size = 1024;
  Index intermediate_size = 4096;
  Index num_hidden_layers = 24;
  Index num_attention_heads = 16;
  Index image_size = 336;
  Index patch_size = 14;
  Activation hidden_act = Activation::kQuickGelu;
  double layer_norm_eps = 1e-5;

  /// @throws Error kConfig naming the key.
  static ClipVisionConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// Patches along one side of the image.
  Index grid_size() const { return image_size / patch_size; }
  Index num_patches() const { return grid_size() * grid_size(); }
  /// Tokens before those of the patches: the class token.
  Index num_prefix_tokens() const { return 1; }
  /// A hidden state's index as Hugging Face counts: 0 is the embedding, i the output of block i, -1 the last.
  Index layer_index(Index index) const { return index < 0 ? num_hidden_layers + 1 + index : index; }
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/clip_vision_config.inl"
#endif
