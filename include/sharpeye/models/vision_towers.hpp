#pragma once

/// @file
/// The vision towers of all kinds, made from their configurations.

#include <memory>

#include "sharpeye/models/clip_vision.hpp"
#include "sharpeye/models/git_vision.hpp"
#include "sharpeye/models/idefics3_vision.hpp"
#include "sharpeye/models/siglip_vision.hpp"
#include "sharpeye/models/vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Ops>
std::unique_ptr<VisionTower<Ops>> make_vision_tower(const ClipVisionConfig& config, const WeightScope& weights,
                                                    Index num_blocks) {
  return std::make_unique<ClipVision<Ops>>(config, weights / "vision_model", num_blocks);
}

template <class Ops>
std::unique_ptr<VisionTower<Ops>> make_vision_tower(const GitVisionConfig& config, const WeightScope& weights,
                                                    Index num_blocks) {
  return std::make_unique<GitVision<Ops>>(config, weights / "vision_model", num_blocks);
}

template <class Ops>
std::unique_ptr<VisionTower<Ops>> make_vision_tower(const SiglipVisionConfig& config, const WeightScope& weights,
                                                    Index num_blocks) {
  return std::make_unique<SiglipVision<Ops>>(config, weights / "vision_model", num_blocks);
}

template <class Ops>
std::unique_ptr<VisionTower<Ops>> make_vision_tower(const Idefics3VisionConfig& config, const WeightScope& weights,
                                                    Index num_blocks) {
  return std::make_unique<Idefics3Vision<Ops>>(config, weights / "vision_model", num_blocks);
}

/// The first `num_blocks` blocks of a configuration's tower, in the scope `weights`.
/// @throws Error as WeightLoader::get()
template <class Ops>
std::unique_ptr<VisionTower<Ops>> make_vision_tower(const VisionConfig& config, const WeightScope& weights,
                                                    Index num_blocks) {
  return std::visit([&](const auto& one) { return make_vision_tower<Ops>(one, weights, num_blocks); }, config.any);
}

SHARPEYE_NAMESPACE_END
