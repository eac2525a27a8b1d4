#pragma once

/// @file
/// The list of vision towers, and what a captioner asks of any of their configurations.

#include <utility>
#include <variant>

#include "sharpeye/models/clip_vision_config.hpp"
#include "sharpeye/models/git_vision_config.hpp"
#include "sharpeye/models/idefics3_vision_config.hpp"
#include "sharpeye/models/siglip_vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config` of any kind. To add a vision tower: its configuration and its VisionTower in files of their own, a
/// type here, and a line in vision_towers.hpp.
struct VisionConfig {
  std::variant<ClipVisionConfig, SiglipVisionConfig, GitVisionConfig, Idefics3VisionConfig> any;

  VisionConfig() = default;
  template <class Config>
  VisionConfig(Config config) : any(std::move(config)) {}

  /// The configuration of one kind. @throws std::bad_variant_access for another
  template <class Config>
  Config& as() {
    return std::get<Config>(any);
  }
  template <class Config>
  const Config& as() const {
    return std::get<Config>(any);
  }

  Index hidden_size() const;
  Index num_hidden_layers() const;
  Index image_size() const;
  /// Patches along one side of the image, and in all.
  Index grid_size() const;
  Index num_patches() const { return grid_size() * grid_size(); }
  /// Tokens of a hidden state before those of the patches (CLIP's class token).
  Index num_prefix_tokens() const;
  /// A hidden state's index as Hugging Face counts: 0 is the embedding, i the output of block i, -1 the last.
  Index layer_index(Index index) const { return index < 0 ? num_hidden_layers() + 1 + index : index; }

  /// The kind that `model_type` names; CLIP without it. @throws Error kConfig naming the key
  static VisionConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/vision_config.inl"
#endif
