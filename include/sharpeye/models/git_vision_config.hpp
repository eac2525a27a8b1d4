#pragma once

/// @file
/// The sizes of GIT's vision tower.

#include "sharpeye/models/clip_vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config` of model type "git_vision_model": CLIP's tower with other defaults (ViT-B/16), whose last hidden
/// state is taken after its norm.
struct GitVisionConfig : ClipVisionConfig {
  static constexpr const char* kModelType = "git_vision_model";

  GitVisionConfig() {
    hidden_size = 768;
    intermediate_size = 3072;
    num_hidden_layers = 12;
    num_attention_heads = 12;
    image_size = 224;
    patch_size = 16;
  }

  /// @throws Error kConfig naming the key.
  static GitVisionConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/git_vision_config.inl"
#endif
