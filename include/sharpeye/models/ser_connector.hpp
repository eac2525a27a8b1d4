#pragma once

/// @file
/// The SeR-Connector (arXiv 2508.21451, section 3.2): the second glance at the image's features, guided by the initial
/// caption.

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "sharpeye/models/mlp_connector.hpp"
#include "sharpeye/models/query_decoder_ser.hpp"
#include "sharpeye/models/self_attention_ser.hpp"
#include "sharpeye/nn/sine_positions.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The widths and sizes around a SeR-Connector.
struct SerSurroundings {
  Index vision_hidden_size;
  Index grid_size;
  Index num_prefix_tokens;
  Index vocab_size;
  Index embedding_size;  ///< of the language model
};

/// What a SeR-Connector hands to the language model.
template <class Ops>
struct VisualTokens {
  typename Ops::Tensor tokens;  ///< [n, embedding_size]
  /// The rows that each of the tokens stands for, and its place among them; empty where each stands for itself.
  MergedTokens merged = {};
};

/// The connector of either variant: projections into its own width, its Transformer, a projection to the language
/// model. Immutable; shared between threads.
template <class Ops>
class SerConnector {
 public:
  using Tensor = typename Ops::Tensor;

  SerConnector(const SerConnectorConfig& config, const SerSurroundings& around, const WeightScope& weights)
      : config_(config), around_(around), num_patches_(around.grid_size * around.grid_size) {
    const Index levels = static_cast<Index>(config.vision_feature_layers.size()), size = config.hidden_size;
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
      text_projector_.emplace(config.text_projector, weights / "text_projector", around.embedding_size, size);
      if (config.own_caption_embedding) {
        caption_embedding_.emplace(weights / "caption_embedding", around.vocab_size, around.embedding_size);
      }
      if (config.caption_confidence > 0) {
        confidence_embedding_.emplace(weights / "confidence_embedding", config.caption_confidence, size);
      }
      if (config.text_position_embedding == PositionKind::kLearned) {
        text_position_embedding_.emplace(weights / "text_position_embedding", config.max_caption_tokens, size);
      }
    }
    if (config.type_embedding) type_embedding_.emplace(weights / "type_embedding", 2, size);
    if (config.variant == SerConnectorConfig::Variant::kQueryDecoder) {
      body_ = std::make_unique<QueryDecoderSer<Ops>>(config, weights);
    } else {
      body_ = std::make_unique<SelfAttentionSer<Ops>>(config, weights);
    }
    if (config.final_layer_norm) layer_norm_.emplace(weights / "layer_norm", size, config.layer_norm_eps);
    output_projection_.emplace(weights / "output_projection", size, around.embedding_size);
    // Last: by now the file has shown by its own tensors that it means these sizes.
    if (config.visual_position_embedding == PositionKind::kSine2d) {
      sine_positions_ = nn::sine_positions(around.grid_size, size);
    }
  }

  const SerConnectorConfig& config() const { return config_; }

  /// The connector's own view of the image: the hidden states of its layers, ready for operator().
  /// @param hidden_states one [prefix + N, d] per entry of vision_feature_layers
  /// @return [N, m * d] or [m * N, d]
  Tensor features(Ops& ops, std::vector<Tensor> hidden_states) const {
    if (!config_.use_features) hidden_states.assign(hidden_states.size(), hidden_states.back());
    return gather_features(ops, hidden_states, config_.feature_concat, around_.num_prefix_tokens);
  }

  /// @param features what features() gave
  /// @param caption_ids the initial caption's tokens, at most max_caption_tokens; may be empty
  /// @param confidence with `caption_confidence` a level of each caption token, in [0, caption_confidence); else empty
  /// @param embed_tokens the language model's table: ids -> [n, embedding_size]
  /// @param share of the visual tokens that go on, in (0, 1]: below 1 alike ones become one (merge_alike())
  /// @return visual tokens for the language model [n, embedding_size]
  template <class EmbedTokens>
  VisualTokens<Ops> operator()(Ops& ops, const Tensor& features, const std::vector<std::int32_t>& caption_ids,
                               const std::vector<std::int32_t>& confidence, const EmbedTokens& embed_tokens,
                               double share) const {
    SerInputs<Ops> inputs;
    if (config_.use_caption && !caption_ids.empty()) {
      inputs.text = (*text_projector_)(
          ops, caption_embedding_ ? (*caption_embedding_)(ops, caption_ids) : embed_tokens(caption_ids));
      if (confidence_embedding_) {
        require(confidence.size() == caption_ids.size(), ErrorCode::kShape,
                "caption_confidence: expected a level of each of ", caption_ids.size(), " tokens, actual ",
                confidence.size());
        inputs.text = ops.add(*inputs.text, (*confidence_embedding_)(ops, confidence));
      }
      if (type_embedding_) inputs.text = ops.add(*inputs.text, repeated(ops, *type_embedding_, 1, inputs.text->rows()));
      if (text_position_embedding_) {
        inputs.text_positions = text_position_embedding_->range(ops, 0, inputs.text->rows());
      }
    }
    const Index levels = features.rows() / num_patches_;
    inputs.visual = project(ops, features, levels);
    if (type_embedding_) {
      inputs.visual = ops.add(inputs.visual, repeated(ops, *type_embedding_, 0, inputs.visual.rows()));
    }
    inputs.placed = add_positions(ops, inputs.visual, levels);
    VisualTokens<Ops> visual;
    RowMerger<Ops> merge;
    if (share < 1) {
      merge = [&](const Tensor& rows) {
        visual.merged = merge_rows(ops, rows, share);
        return visual.merged.groups;
      };
    }
    const Tensor x = (*body_)(ops, inputs, merge);
    visual.tokens = (*output_projection_)(ops, layer_norm_ ? (*layer_norm_)(ops, x) : x);
    if (merge) keep_others(visual.merged, visual.tokens.rows());
    return visual;
  }

 private:
  MergedTokens merge_rows(Ops& ops, const Tensor& rows, double share) const {
    // (A policy that only counts writes nothing.)
    Matrix<typename Ops::Scalar> values = Matrix<typename Ops::Scalar>::Zero(rows.rows(), rows.columns());
    ops.copy_out(rows, values.data(), values.cols());
    const auto count = static_cast<Index>(std::llround(share * static_cast<double>(rows.rows())));
    const bool has_places = config_.variant == SerConnectorConfig::Variant::kSelfAttention;
    return merge_alike(
        values.template cast<float>(),
        has_places ? grid_neighbours(around_.grid_size, rows.rows() / num_patches_) : all_neighbours(rows.rows()),
        std::max<Index>(1, count));
  }

  // The caption's own rows, which follow the visual ones, stay as they are.
  static void keep_others(MergedTokens& merged, Index count) {
    std::size_t next = 0;
    for (const auto& group : merged.groups) next += group.size();
    while (static_cast<Index>(merged.groups.size()) < count) {
      merged.groups.push_back({static_cast<std::int32_t>(next)});
      merged.places.push_back(static_cast<std::int32_t>(next++));
    }
  }

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
  Tensor add_positions(Ops& ops, const Tensor& x, Index levels) const {
    if (config_.visual_position_embedding == PositionKind::kNone) return x;
    const Tensor one = visual_position_embedding_ ? visual_position_embedding_->range(ops, 0, num_patches_)
                                                  : ops.constant(sine_positions_);
    return ops.add(x, ops.concat_rows(std::vector<Tensor>(static_cast<std::size_t>(levels), one)));
  }

  SerConnectorConfig config_;
  SerSurroundings around_;
  Index num_patches_;
  std::vector<Mlp<Ops>> visual_projectors_;
  std::optional<nn::Embedding<Ops>> level_embedding_, visual_position_embedding_, text_position_embedding_,
      type_embedding_, caption_embedding_, confidence_embedding_;
  Matrix<float> sine_positions_;
  std::optional<Mlp<Ops>> text_projector_;
  std::unique_ptr<SerBody<Ops>> body_;
  std::optional<nn::LayerNorm<Ops>> layer_norm_;
  std::optional<nn::Linear<Ops>> output_projection_;
};

SHARPEYE_NAMESPACE_END
