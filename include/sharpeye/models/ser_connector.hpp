#pragma once

/// @file
/// The SeR-Connector: a second look at the image's features, guided by the initial caption (paper.md 2).

#include <cmath>
#include <optional>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/models/ser_connector_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// DETR's 2-D sine positions [grid * grid, size]: half of the channels from y, half from x, each normalised to (0, 2
/// pi] and turned into sin and cos at frequencies 10000^(-2i / (size/2)).
inline Matrix<float> sine_positions(Index grid, Index size) {
  Matrix<float> positions(grid * grid, size);
  const Index half = size / 2;
  const double turn = 2 * 3.14159265358979323846 / (static_cast<double>(grid) + 1e-6);
  for (Index row = 0; row < grid * grid; ++row) {
    const Index y = row / grid, x = row % grid;
    const double place[2] = {static_cast<double>(y + 1) * turn, static_cast<double>(x + 1) * turn};
    for (Index column = 0; column < size; ++column) {
      const Index i = column % half, even = i - i % 2;
      const double frequency = std::pow(10000.0, -static_cast<double>(even) / static_cast<double>(half));
      const double angle = place[column / half] * frequency;
      positions(row, column) = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return positions;
}

/// A layer of the query decoder: self-attention over [queries; caption], attention to the visual keys, feed-forward.
/// Positions are added to what makes queries and keys, not values (Hugging Face's DetrDecoderLayer).
template <class Ops>
class QueryDecoderLayer {
 public:
  using Tensor = typename Ops::Tensor;

  QueryDecoderLayer(const WeightScope& weights, const SerConnectorConfig& config)
      : self_attn_(weights / "self_attn", config.hidden_size, config.num_attention_heads),
        self_attn_layer_norm_(weights / "self_attn_layer_norm", config.hidden_size, config.layer_norm_eps),
        encoder_attn_(weights / "encoder_attn", config.hidden_size, config.num_attention_heads),
        encoder_attn_layer_norm_(weights / "encoder_attn_layer_norm", config.hidden_size, config.layer_norm_eps),
        feed_forward_(weights, config.hidden_size, config.intermediate_size, config.hidden_act),
        final_layer_norm_(weights / "final_layer_norm", config.hidden_size, config.layer_norm_eps),
        norm_placement_(config.norm_placement) {}

  /// x, positions [n, hidden]; keys (positions added) and values [m, hidden] -> [n, hidden]
  Tensor operator()(Ops& ops, Tensor x, const Tensor& positions, const Tensor& keys, const Tensor& values) const {
    x = sublayer(ops, x, self_attn_layer_norm_, [&](const Tensor& input, const Tensor& residual) {
      return self_attn_(ops, ops.add(input, positions), input, residual);
    });
    x = sublayer(ops, x, encoder_attn_layer_norm_, [&](const Tensor& input, const Tensor& residual) {
      return encoder_attn_(ops, ops.add(input, positions), keys, values, residual);
    });
    return sublayer(ops, x, final_layer_norm_,
                    [&](const Tensor& input, const Tensor& residual) { return feed_forward_(ops, input, residual); });
  }

 private:
  template <class Body>
  Tensor sublayer(Ops& ops, const Tensor& x, const nn::LayerNorm<Ops>& norm, const Body& body) const {
    return norm_placement_ == nn::NormPlacement::kPre ? body(norm(ops, x), x) : norm(ops, body(x, x));
  }

  nn::MultiHeadAttention<Ops> self_attn_;
  nn::LayerNorm<Ops> self_attn_layer_norm_;
  nn::MultiHeadAttention<Ops> encoder_attn_;
  nn::LayerNorm<Ops> encoder_attn_layer_norm_;
  nn::FeedForward<Ops> feed_forward_;
  nn::LayerNorm<Ops> final_layer_norm_;
  nn::NormPlacement norm_placement_;
};

/// The connector of either variant. Immutable; shared between threads.
template <class Ops>
class SerConnector {
 public:
  using Tensor = typename Ops::Tensor;

  /// The widths and sizes around the connector.
  struct Surroundings {
    Index vision_hidden_size;
    Index grid_size;
    Index vocab_size;
    Index word_embed_proj_dim;
  };

  SerConnector(const SerConnectorConfig& config, const Surroundings& around, const WeightScope& weights)
      : config_(config), num_patches_(around.grid_size * around.grid_size) {
    const Index levels = static_cast<Index>(config.vision_feature_layers.size());
    const Index size = config.hidden_size;
    if (config.has_separate_levels()) {
      for (Index level = 0; level < levels; ++level) {
        visual_projectors_.emplace_back(config.visual_projector, weights / "visual_projectors" / level,
                                        around.vision_hidden_size, size);
      }
      if (config.level_embedding && levels > 1) level_embedding_.emplace(weights / "level_embedding", levels - 1, size);
    } else {
      visual_projectors_.emplace_back(config.visual_projector, weights / "visual_projector",
                                      levels * around.vision_hidden_size, size);
    }
    if (config.visual_position_embedding == PositionKind::kLearned) {
      visual_position_embedding_.emplace(weights / "visual_position_embedding", num_patches_, size);
    }
    if (config.use_caption) {
      text_projector_.emplace(config.text_projector, weights / "text_projector", around.word_embed_proj_dim, size);
      if (config.own_caption_embedding) {
        caption_embedding_.emplace(weights / "caption_embedding", around.vocab_size, around.word_embed_proj_dim);
      }
      if (config.text_position_embedding == PositionKind::kLearned) {
        text_position_embedding_.emplace(weights / "text_position_embedding", config.max_caption_tokens, size);
      }
    }
    if (config.type_embedding) type_embedding_.emplace(weights / "type_embedding", 2, size);
    if (config.variant == SerConnectorConfig::Variant::kQueryDecoder) {
      query_position_embedding_.emplace(weights / "query_position_embedding", config.num_queries, size);
      for (Index layer = 0; layer < config.num_hidden_layers; ++layer) {
        decoder_layers_.emplace_back(weights / "layers" / layer, config);
      }
    } else {
      layers_ = nn::make_layers<Ops>(weights / "layers", config.num_hidden_layers,
                                     {size, config.num_attention_heads, config.intermediate_size, config.hidden_act,
                                      config.layer_norm_eps, config.norm_placement},
                                     nn::kOptLayerNames);
    }
    if (config.final_layer_norm) layer_norm_.emplace(weights / "layer_norm", size, config.layer_norm_eps);
    output_projection_.emplace(weights / "output_projection", size, around.word_embed_proj_dim);
    // Last: by now the file has shown by its own tensors that it means these sizes.
    if (config.visual_position_embedding == PositionKind::kSine2d) {
      sine_positions_ = sine_positions(around.grid_size, size);
    }
  }

  const SerConnectorConfig& config() const { return config_; }

  /// The connector's own view of the image: the hidden states of its layers, ready for operator().
  /// @param hidden_states one [1 + N, d] per entry of vision_feature_layers
  /// @return [N, m * d] or [m * N, d]
  Tensor features(Ops& ops, std::vector<Tensor> hidden_states) const {
    if (!config_.use_features) hidden_states.assign(hidden_states.size(), hidden_states.back());
    return gather_features(ops, hidden_states, config_.feature_concat);
  }

  /// @param features what features() gave
  /// @param caption_ids the initial caption's tokens, at most max_caption_tokens; may be empty
  /// @param embed_tokens the language model's table: ids -> [n, word_embed_proj_dim]
  /// @return visual tokens for the language model [n, word_embed_proj_dim]
  template <class EmbedTokens>
  Tensor operator()(Ops& ops, const Tensor& features, const std::vector<std::int32_t>& caption_ids,
                    const EmbedTokens& embed_tokens) const {
    const Index levels = features.rows() / num_patches_;
    std::optional<Tensor> text;
    if (config_.use_caption && !caption_ids.empty()) {
      text = (*text_projector_)(
          ops, caption_embedding_ ? (*caption_embedding_)(ops, caption_ids) : embed_tokens(caption_ids));
      if (type_embedding_) text = ops.add(*text, repeated(ops, *type_embedding_, 1, text->rows()));
    }
    Tensor visual = project(ops, features, levels);
    if (type_embedding_) visual = ops.add(visual, repeated(ops, *type_embedding_, 0, visual.rows()));
    const Tensor x = config_.variant == SerConnectorConfig::Variant::kQueryDecoder ? decode(ops, visual, levels, text)
                                                                                   : fuse(ops, visual, levels, text);
    return (*output_projection_)(ops, layer_norm_ ? (*layer_norm_)(ops, x) : x);
  }

 private:
  Tensor repeated(Ops& ops, const nn::Embedding<Ops>& table, std::int32_t row, Index count) const {
    return table(ops, std::vector<std::int32_t>(static_cast<std::size_t>(count), row));
  }

  Tensor project(Ops& ops, const Tensor& features, Index levels) const {
    if (!config_.has_separate_levels()) return visual_projectors_.front()(ops, features);
    std::vector<Tensor> parts;
    for (Index level = 0; level < levels; ++level) {
      Tensor part = visual_projectors_[static_cast<std::size_t>(level)](
          ops, ops.slice_rows(features, level * num_patches_, num_patches_));
      if (level_embedding_ && level > 0)
        part = ops.add(part, repeated(ops, *level_embedding_, static_cast<std::int32_t>(level - 1), num_patches_));
      parts.push_back(part);
    }
    return ops.concat_rows(parts);
  }

  // x plus the positions of its patches, level after level
  Tensor add_visual_positions(Ops& ops, const Tensor& x, Index levels) const {
    if (config_.visual_position_embedding == PositionKind::kNone) return x;
    const Tensor one = visual_position_embedding_ ? visual_position_embedding_->range(ops, 0, num_patches_)
                                                  : ops.constant(sine_positions_);
    return ops.add(x, ops.concat_rows(std::vector<Tensor>(static_cast<std::size_t>(levels), one)));
  }

  Tensor fuse(Ops& ops, const Tensor& visual, Index levels, const std::optional<Tensor>& text) const {
    Tensor x = add_visual_positions(ops, visual, levels);
    if (text) {
      x = ops.concat_rows({x, text_position_embedding_
                                  ? ops.add(*text, text_position_embedding_->range(ops, 0, text->rows()))
                                  : *text});
    }
    for (const auto& layer : layers_) x = layer(ops, x);
    return config_.outputs_text() ? x : ops.slice_rows(x, 0, visual.rows());
  }

  Tensor decode(Ops& ops, const Tensor& visual, Index levels, const std::optional<Tensor>& text) const {
    const Tensor keys = add_visual_positions(ops, visual, levels);
    Tensor positions = query_position_embedding_->range(ops, 0, config_.num_queries);
    Tensor x = ops.constant(Matrix<float>::Zero(config_.num_queries, config_.hidden_size));
    if (text) {
      x = ops.concat_rows({x, *text});
      positions = ops.concat_rows(
          {positions, text_position_embedding_ ? text_position_embedding_->range(ops, 0, text->rows())
                                               : ops.constant(Matrix<float>::Zero(text->rows(), config_.hidden_size))});
    }
    for (const auto& layer : decoder_layers_) x = layer(ops, x, positions, keys, visual);
    return config_.outputs_text() ? x : ops.slice_rows(x, 0, config_.num_queries);
  }

  SerConnectorConfig config_;
  Index num_patches_;
  std::vector<Mlp<Ops>> visual_projectors_;
  std::optional<nn::Embedding<Ops>> level_embedding_, visual_position_embedding_, text_position_embedding_,
      type_embedding_, caption_embedding_, query_position_embedding_;
  Matrix<float> sine_positions_;
  std::optional<Mlp<Ops>> text_projector_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
  std::vector<QueryDecoderLayer<Ops>> decoder_layers_;
  std::optional<nn::LayerNorm<Ops>> layer_norm_;
  std::optional<nn::Linear<Ops>> output_projection_;
};

SHARPEYE_NAMESPACE_END
