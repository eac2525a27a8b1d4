#pragma once

/// @file
/// The CLIP vision tower (Hugging Face's CLIPVisionModel): patches, class token, pre-norm Transformer blocks.

#include <vector>

#include "sharpeye/models/clip_vision_config.hpp"
#include "sharpeye/models/vision_encoder.hpp"
#include "sharpeye/models/vision_tower.hpp"
#include "sharpeye/vision/patches.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tower's first `num_blocks` blocks.
template <class Ops>
class ClipVision final : public VisionTower<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param weights the scope `vision_model`. @param num_blocks the last hidden state that will be read; later blocks
  /// are neither loaded nor run.
  ClipVision(const ClipVisionConfig& config, const WeightScope& weights, Index num_blocks)
      : config_(config),
        class_embedding_(as_row((weights / "embeddings").get("class_embedding", {config.hidden_size}))),
        patch_embedding_((weights / "embeddings" / "patch_embedding")
                             .get("weight", {config.hidden_size, 3, config.patch_size, config.patch_size})),
        position_embedding_(weights / "embeddings" / "position_embedding", 1 + config.num_patches(),
                            config.hidden_size),
        pre_layrnorm_(weights / "pre_layrnorm", config.hidden_size, config.layer_norm_eps),
        encoder_(config, weights / "encoder", num_blocks) {}

  Index num_prefix_tokens() const override { return config_.num_prefix_tokens(); }

  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const override {
    const Tensor patches = ops.linear(
        ops.constant(extract_patches(pixel_values, config_.image_size, config_.patch_size)), patch_embedding_);
    const Tensor x = ops.add(ops.concat_rows({ops.rows(class_embedding_, {0}), patches}),
                             position_embedding_.range(ops, 0, 1 + config_.num_patches()));
    return encoder_(ops, pre_layrnorm_(ops, x), wanted);
  }

 private:
  static WeightTensor as_row(WeightTensor vector) {
    vector.shape.insert(vector.shape.begin(), 1);
    return vector;
  }

  ClipVisionConfig config_;
  typename Ops::Matrix class_embedding_;
  typename Ops::Matrix patch_embedding_;
  nn::Embedding<Ops> position_embedding_;
  nn::LayerNorm<Ops> pre_layrnorm_;
  VisionEncoder<Ops> encoder_;
};

SHARPEYE_NAMESPACE_END
