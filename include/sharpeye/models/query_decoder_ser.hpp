#pragma once

/// @file
/// The earlier SeR-Connector (DeepLens): a DETR decoder whose learned queries read image and caption.

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/models/ser_body.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A layer: self-attention over [queries; caption], attention to the visual keys, feed-forward. Positions are added to
/// the inputs of queries and keys, not to those of values (Hugging Face's DetrDecoderLayer).
template <class Ops>
class QueryDecoderLayer {
 public:
  using Tensor = typename Ops::Tensor;

  QueryDecoderLayer(const WeightScope& weights, const SerConnectorConfig& config)
      : self_attn_(weights / "self_attn", config.hidden_size, config.num_attention_heads),
        around_self_attn_(norm(weights / "self_attn_layer_norm", config)),
        encoder_attn_(weights / "encoder_attn", config.hidden_size, config.num_attention_heads),
        around_encoder_attn_(norm(weights / "encoder_attn_layer_norm", config)),
        feed_forward_(weights, config.hidden_size, config.intermediate_size, config.hidden_act),
        around_feed_forward_(norm(weights / "final_layer_norm", config)) {}

  /// x, positions [n, hidden]; keys (positions added) and values [m, hidden] -> [n, hidden]
  Tensor operator()(Ops& ops, Tensor x, const Tensor& positions, const Tensor& keys, const Tensor& values) const {
    x = around_self_attn_(ops, x, [&](const Tensor& input, const Tensor& residual) {
      return self_attn_(ops, ops.add(input, positions), input, residual);
    });
    x = around_encoder_attn_(ops, x, [&](const Tensor& input, const Tensor& residual) {
      return encoder_attn_(ops, ops.add(input, positions), keys, values, residual);
    });
    return around_feed_forward_(
        ops, x, [&](const Tensor& input, const Tensor& residual) { return feed_forward_(ops, input, residual); });
  }

 private:
  static nn::Residual<Ops> norm(const WeightScope& weights, const SerConnectorConfig& config) {
    return nn::Residual<Ops>({weights, config.hidden_size, config.layer_norm_eps}, config.norm_placement);
  }

  nn::MultiHeadAttention<Ops> self_attn_;
  nn::Residual<Ops> around_self_attn_;
  nn::MultiHeadAttention<Ops> encoder_attn_;
  nn::Residual<Ops> around_encoder_attn_;
  nn::FeedForward<Ops> feed_forward_;
  nn::Residual<Ops> around_feed_forward_;
};

/// `num_queries` queries that begin as zeros; what is learned of them is their position embeddings.
template <class Ops>
class QueryDecoderSer final : public SerBody<Ops> {
 public:
  using Tensor = typename Ops::Tensor;

  QueryDecoderSer(const SerConnectorConfig& config, const WeightScope& weights)
      : config_(config),
        query_position_embedding_(weights / "query_position_embedding", config.num_queries, config.hidden_size) {
    for (Index layer = 0; layer < config.num_hidden_layers; ++layer) {
      layers_.emplace_back(weights / "layers" / layer, config);
    }
  }

  Tensor operator()(Ops& ops, const SerInputs<Ops>& inputs, const RowMerger<Ops>& merge) const override {
    const auto zeros = [&](Index rows) { return ops.constant(Matrix<float>::Zero(rows, config_.hidden_size)); };
    Tensor positions = query_position_embedding_.range(ops, 0, config_.num_queries);
    Tensor x = zeros(config_.num_queries);
    if (inputs.text) {
      x = ops.concat_rows({x, *inputs.text});
      positions =
          ops.concat_rows({positions, inputs.text_positions ? *inputs.text_positions : zeros(inputs.text->rows())});
    }
    for (const auto& layer : layers_) x = layer(ops, x, positions, inputs.placed, inputs.visual);
    Tensor queries = ops.slice_rows(x, 0, config_.num_queries);
    if (merge) queries = ops.mean_rows(queries, merge(queries));
    if (!config_.outputs_text() || !inputs.text) return queries;
    return merge ? ops.concat_rows({queries, last_rows(ops, x, inputs.text->rows())}) : x;
  }

 private:
  SerConnectorConfig config_;
  nn::Embedding<Ops> query_position_embedding_;
  std::vector<QueryDecoderLayer<Ops>> layers_;
};

SHARPEYE_NAMESPACE_END
