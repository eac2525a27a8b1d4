#pragma once

/// @file
/// The SigLIP vision tower (Hugging Face's SiglipVisionModel): patches without a class token, pre-norm Transformer
/// blocks.

#include <vector>

#include "sharpeye/models/siglip_vision_config.hpp"
#include "sharpeye/models/vision_encoder.hpp"
#include "sharpeye/models/vision_tower.hpp"
#include "sharpeye/vision/patches.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tower's first `num_blocks` blocks. Hidden states come before `post_layernorm`, the last one too.
template <class Ops>
class SiglipVision final : public VisionTower<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param weights the scope `vision_model`. @param num_blocks as ClipVision
  SiglipVision(const SiglipVisionConfig& config, const WeightScope& weights, Index num_blocks)
      : config_(config),
        patch_embedding_((weights / "embeddings" / "patch_embedding")
                             .get("weight", {config.hidden_size, 3, config.patch_size, config.patch_size})),
        patch_bias_((weights / "embeddings" / "patch_embedding").get("bias", {config.hidden_size})),
        position_embedding_(weights / "embeddings" / "position_embedding", config.num_patches(), config.hidden_size),
        encoder_(config, weights / "encoder", num_blocks) {}

  Index num_prefix_tokens() const override { return config_.num_prefix_tokens(); }

  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const override {
    const Tensor patches = ops.constant(extract_patches(pixel_values, config_.image_size, config_.patch_size));
    const Tensor positions = position_embedding_.range(ops, 0, config_.num_patches());
    return encoder_(ops, ops.linear(patches, patch_embedding_, {&patch_bias_, Activation::kNone, &positions}), wanted);
  }

 private:
  SiglipVisionConfig config_;
  typename Ops::Matrix patch_embedding_;
  typename Ops::Vector patch_bias_;
  nn::Embedding<Ops> position_embedding_;
  VisionEncoder<Ops> encoder_;
};

SHARPEYE_NAMESPACE_END
