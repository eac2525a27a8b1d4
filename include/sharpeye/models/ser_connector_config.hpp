#pragma once

/// @file
/// `ser_connector`: every choice that the paper makes or leaves open (arXiv 2508.21451, section 3), with our defaults.

#include <vector>

#include "sharpeye/models/connector_config.hpp"
#include "sharpeye/nn/norm_placement.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How positions are encoded: not at all, by a learned table, or by sines of both coordinates.
enum class PositionKind { kNone, kLearned, kSine2d };

/// See the member comments; JSON keys are the members' names.
struct SerConnectorConfig {
  enum class Variant {
    kSelfAttention,  ///< the paper's v4: blocks over [visual; caption]
    kQueryDecoder,   ///< the earlier DeepLens: a DETR decoder with learned queries
  };
  enum class Output { kVisual, kVisualAndText, kQueries, kQueriesAndText };

  Variant variant = Variant::kSelfAttention;
  std::vector<Index> vision_feature_layers{13, 18, 23};  ///< in the order of their concatenation
  Index layer_index_base = 0;                            ///< 0: Hugging Face's indices; 1: the list counts from one
  FeatureConcat feature_concat = FeatureConcat::kChannel;
  Index hidden_size = 1024;
  Index num_hidden_layers = 3;
  Index num_attention_heads = 16;
  Index intermediate_size = 4096;
  Activation hidden_act = Activation::kRelu;
  double layer_norm_eps = 1e-5;
  NormPlacement norm_placement = NormPlacement::kPost;
  bool final_layer_norm = false;
  MlpType visual_projector{2, 0};
  MlpType text_projector{2, 0};
  PositionKind visual_position_embedding = PositionKind::kLearned;
  PositionKind text_position_embedding = PositionKind::kLearned;
  bool type_embedding = false;         ///< a learned row for visual, one for caption positions
  bool level_embedding = false;        ///< token concat: a learned row for each level after the first
  bool own_caption_embedding = false;  ///< `caption_embedding`: "language_model" (its table) or "own"
  bool caption_bos = true;             ///< the caption's tokens begin with BOS
  Index max_caption_tokens = 128;      ///< longer captions are cut
  Output output = Output::kVisual;     ///< which positions go on to the language model
  /// In how many levels the connector is told how sure the first glance is of each token of the caption (see
  /// draft_confidence.hpp); 0: not at all, as in the paper.
  Index caption_confidence = 0;
  /// The share of its visual tokens that the connector hands to the language model, in (0, 1]. Below 1 alike ones are
  /// merged (merge_alike()), which saves the language model's time and needs no training; 1 is the paper.
  double visual_token_share = 1;
  bool use_caption = true;   ///< false: trained without the caption
  bool use_features = true;  ///< false: every level shows the last layer of the list
  Index num_queries = 100;

  bool has_separate_levels() const {
    return variant == Variant::kQueryDecoder || feature_concat == FeatureConcat::kToken;
  }
  bool outputs_text() const { return output == Output::kVisualAndText || output == Output::kQueriesAndText; }

  /// The defaults of a variant.
  static SerConnectorConfig of(Variant variant);
  /// @throws Error kConfig naming the key; also for a key that is not one of these.
  static SerConnectorConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/ser_connector_config.inl"
#endif
