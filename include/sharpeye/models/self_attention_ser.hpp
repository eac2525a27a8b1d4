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

  Tensor operator()(Ops& ops, const SerInputs<Ops>& inputs, const RowMerger<Ops>& merge) const override {
    Tensor x = inputs.placed;
    if (inputs.text) {
      x = ops.concat_rows({x, inputs.text_positions ? ops.add(*inputs.text, *inputs.text_positions) : *inputs.text});
    }
    const Index visual = inputs.visual.rows();
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (merge && block + 1 == blocks_.size()) return merged(ops, blocks_[block], x, visual, merge);
      x = blocks_[block](ops, x);
    }
    return outputs_text_ ? x : ops.slice_rows(x, 0, visual);
  }

 private:
  // The last block for fewer rows: those that become one attend as one, to all.
  Tensor merged(Ops& ops, const nn::TransformerLayer<Ops>& block, const Tensor& x, Index visual,
                const RowMerger<Ops>& merge) const {
    const Tensor rows = ops.slice_rows(x, 0, visual);
    Tensor queries = ops.mean_rows(rows, merge(rows));
    if (outputs_text_) queries = ops.concat_rows({queries, last_rows(ops, x, x.rows() - visual)});
    return block.read_by(ops, queries, x);
  }

  bool outputs_text_;
  std::vector<nn::TransformerLayer<Ops>> blocks_;
};

SHARPEYE_NAMESPACE_END
