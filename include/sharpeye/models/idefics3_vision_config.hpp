#pragma once

/// @file
/// The sizes of the vision tower of Idefics3 and SmolVLM.

#include "sharpeye/models/siglip_vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config` of model type "idefics3_vision" (in files of transformers 4 also "idefics3"): SigLIP's form, with
/// Hugging Face's defaults, which published files rely on.
struct Idefics3VisionConfig : SiglipVisionConfig {
  static constexpr const char* kModelType = "idefics3_vision";

  Idefics3VisionConfig() {
    hidden_size = 1152;
    num_attention_heads = 16;
    patch_size = 32;
  }

  /// @throws Error kConfig naming the key; kUnsupported for grids on which Hugging Face, by its rounding, gives two
  /// patches one position
  static Idefics3VisionConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/idefics3_vision_config.inl"
#endif
