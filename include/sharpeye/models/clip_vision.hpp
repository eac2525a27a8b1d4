#pragma once

/// @file
/// The CLIP vision tower (Hugging Face's CLIPVisionModel): patches, class token, pre-norm Transformer blocks.

#include <algorithm>
#include <vector>

#include "sharpeye/models/clip_vision_config.hpp"
#include "sharpeye/models/vision_tower.hpp"
#include "sharpeye/nn/transformer.hpp"
#include "sharpeye/vision/patches.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tower's first `num_blocks` blocks.
template <class Ops>
class ClipVision final : public VisionTower<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param weights the scope `vision_model`. @param num_blocks the last hidden state anyone will read; later blocks
  /// are neither loaded nor run.
  ClipVision(const ClipVisionConfig& config, const WeightScope& weights, Index num_blocks)
      : config_(config),
        class_embedding_(as_row((weights / "embeddings").get("class_embedding", {config.hidden_size}))),
        patch_embedding_((weights / "embeddings" / "patch_embedding")
                             .get("weight", {config.hidden_size, 3, config.patch_size, config.patch_size})),
        position_embedding_(weights / "embeddings" / "position_embedding", 1 + config.num_patches(),
                            config.hidden_size),
        pre_layrnorm_(weights / "pre_layrnorm", config.hidden_size, config.layer_norm_eps) {
    for (Index block = 0; block < num_blocks; ++block) add_block(weights / "encoder" / "layers" / block);
  }

  Index num_prefix_tokens() const override { return config_.num_prefix_tokens(); }

  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const override {
    const Tensor patches = ops.linear(
        ops.constant(extract_patches(pixel_values, config_.image_size, config_.patch_size)), patch_embedding_);
    Tensor x = ops.add(ops.concat_rows({ops.rows(class_embedding_, {0}), patches}),
                       position_embedding_.range(ops, 0, 1 + config_.num_patches()));
    x = pre_layrnorm_(ops, x);
    std::vector<Tensor> states(wanted.size());
    const Index last = *std::max_element(wanted.begin(), wanted.end());
    for (Index index = 0;; ++index) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == index) states[i] = x;
      }
      if (index == last) return states;
      x = blocks_[static_cast<std::size_t>(index)](ops, x);
    }
  }

 private:
  static WeightTensor as_row(WeightTensor vector) {
    vector.shape.insert(vector.shape.begin(), 1);
    return vector;
  }

  void add_block(const WeightScope& weights) {
    const auto norm = [&](const char* name) {
      return nn::Residual<Ops>({weights / name, config_.hidden_size, config_.layer_norm_eps}, NormPlacement::kPre);
    };
    // In braces, for those are read from left to right: the order of the weights is that of training states.
    blocks_.push_back(nn::TransformerLayer<Ops>{
        nn::MultiHeadAttention<Ops>(weights / "self_attn", config_.hidden_size, config_.num_attention_heads),
        norm("layer_norm1"),
        nn::FeedForward<Ops>(weights / "mlp", config_.hidden_size, config_.intermediate_size, config_.hidden_act),
        norm("layer_norm2")});
  }

  ClipVisionConfig config_;
  typename Ops::Matrix class_embedding_;
  typename Ops::Matrix patch_embedding_;
  nn::Embedding<Ops> position_embedding_;
  nn::LayerNorm<Ops> pre_layrnorm_;
  std::vector<nn::TransformerLayer<Ops>> blocks_;
};

SHARPEYE_NAMESPACE_END
