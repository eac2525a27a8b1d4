#pragma once

/// @file
/// The vision tower of Idefics3 and SmolVLM (Hugging Face's Idefics3VisionTransformer), for images all of whose patches
/// are seen: SigLIP's, with a norm behind it.

#include <optional>
#include <vector>

#include "sharpeye/models/idefics3_vision_config.hpp"
#include "sharpeye/models/siglip_vision.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// SiglipVision whose last hidden state, where it is loaded, comes after `post_layernorm`.
template <class Ops>
class Idefics3Vision final : public VisionTower<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  /// As SiglipVision's.
  Idefics3Vision(const Idefics3VisionConfig& config, const WeightScope& weights, Index num_blocks)
      : last_(config.num_hidden_layers), tower_(config, weights, num_blocks) {
    if (num_blocks == last_)
      post_layernorm_.emplace(weights / "post_layernorm", config.hidden_size, config.layer_norm_eps);
  }

  Index num_prefix_tokens() const override { return tower_.num_prefix_tokens(); }

  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const override {
    std::vector<Tensor> states = tower_(ops, pixel_values, wanted);
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (wanted[i] == last_) states[i] = (*post_layernorm_)(ops, states[i]);
    }
    return states;
  }

 private:
  Index last_;
  SiglipVision<Ops> tower_;
  std::optional<nn::LayerNorm<Ops>> post_layernorm_;
};

SHARPEYE_NAMESPACE_END
