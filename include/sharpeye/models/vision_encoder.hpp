#pragma once

/// @file
/// The blocks that CLIP's and SigLIP's towers have in common (Hugging Face's `encoder`).

#include <algorithm>
#include <vector>

#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Pre-norm Transformer blocks `encoder.layers.N`, of which any hidden states can be had.
template <class Ops>
class VisionEncoder {
 public:
  using Tensor = typename Ops::Tensor;

  /// The first `num_blocks` blocks. @param config of a tower: its sizes. @param weights the scope `encoder`
  template <class Config>
  VisionEncoder(const Config& config, const WeightScope& weights, Index num_blocks) {
    for (Index block = 0; block < num_blocks; ++block) add_block(config, weights / "layers" / block);
  }

  /// @param x the embedding of an image: hidden state 0
  /// @param wanted as VisionTower::operator()
  std::vector<Tensor> operator()(Ops& ops, Tensor x, const std::vector<Index>& wanted) const {
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
  template <class Config>
  void add_block(const Config& config, const WeightScope& weights) {
    const auto norm = [&](const char* name) {
      return nn::Residual<Ops>({weights / name, config.hidden_size, config.layer_norm_eps}, NormPlacement::kPre);
    };
    // In braces, which are evaluated from left to right: training states keep weights in the order of these reads.
    blocks_.push_back(nn::TransformerLayer<Ops>{
        nn::MultiHeadAttention<Ops>(weights / "self_attn", config.hidden_size, config.num_attention_heads),
        norm("layer_norm1"),
        nn::FeedForward<Ops>(weights / "mlp", config.hidden_size, config.intermediate_size, config.hidden_act),
        norm("layer_norm2")});
  }

  std::vector<nn::TransformerLayer<Ops>> blocks_;
};

SHARPEYE_NAMESPACE_END
