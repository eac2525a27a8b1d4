#pragma once

/// @file
/// GIT's vision tower (Hugging Face's GitVisionModel).

#include <optional>
#include <vector>

#include "sharpeye/models/clip_vision.hpp"
#include "sharpeye/models/git_vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// CLIP's tower. Its last hidden state is the output of the last block after `post_layernorm`: Hugging Face's
/// `last_hidden_state`, which GIT captions from.
template <class Ops>
class GitVision final : public VisionTower<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param weights, num_blocks as ClipVision
  GitVision(const GitVisionConfig& config, const WeightScope& weights, Index num_blocks)
      : clip_(config, weights, num_blocks), last_(config.num_hidden_layers) {
    if (num_blocks == last_) {
      post_layernorm_.emplace(weights / "post_layernorm", config.hidden_size, config.layer_norm_eps);
    }
  }

  Index num_prefix_tokens() const override { return clip_.num_prefix_tokens(); }

  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const override {
    std::vector<Tensor> states = clip_(ops, pixel_values, wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] == last_) states[i] = (*post_layernorm_)(ops, states[i]);
    }
    return states;
  }

 private:
  ClipVision<Ops> clip_;
  Index last_;
  std::optional<nn::LayerNorm<Ops>> post_layernorm_;
};

SHARPEYE_NAMESPACE_END
