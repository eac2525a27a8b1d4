#pragma once

/// @file
/// The paper's SeR-Connector: Transformer blocks over [visual; caption].

#include "sharpeye/models/ser_body.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Visual and caption tokens see each other in every block; the visual rows of the last block are the output.
template <class Ops>
class SelfAttentionSer final : public SerBody<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  SelfAttentionSer(const SerConnectorConfig& config, const WeightScope& weights)
      : outputs_text_(config.outputs_text()) {
    for (Index block = 0; block < config.num_hidden_layers; ++block) {
      const WeightScope scope = weights / "layers" / block;
      const auto norm = [&](const char* name) {
        return nn::Residual<Ops>({scope / name, config.hidden_size, config.layer_norm_eps}, config.norm_placement);
      };
      // In braces, which are evaluated from left to right: training states keep weights in the order of these reads.
      blocks_.push_back(nn::TransformerLayer<Ops>{
          nn::MultiHeadAttention<Ops>(scope / "self_attn", config.hidden_size, config.num_attention_heads),
          norm("self_attn_layer_norm"),
          nn::FeedForward<Ops>(scope, config.hidden_size, config.intermediate_size, config.hidden_act),
          norm("final_layer_norm")});
    }
  }

  Tensor operator()(Ops& ops, const SerInputs<Ops>& inputs) const override {
    Tensor x = inputs.placed;
    if (inputs.text) {
      x = ops.concat_rows({x, inputs.text_positions ? ops.add(*inputs.text, *inputs.text_positions) : *inputs.text});
    }
    for (const auto& block : blocks_) x = block(ops, x);
    return outputs_text_ ? x : ops.slice_rows(x, 0, inputs.visual.rows());
  }

 private:
  bool outputs_text_;
  std::vector<nn::TransformerLayer<Ops>> blocks_;
};

SHARPEYE_NAMESPACE_END
