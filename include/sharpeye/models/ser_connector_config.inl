#pragma once

/// @file
/// Bodies of ser_connector_config.hpp.

#include "sharpeye/models/ser_connector_config.hpp"

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(SerConnectorConfig& config, Fields& fields) {
  using Variant = SerConnectorConfig::Variant;
  using Output = SerConnectorConfig::Output;
  const bool queries = config.variant == Variant::kQueryDecoder;
  fields.choice("variant", config.variant,
                Names<Variant>{{Variant::kSelfAttention, "self_attention"}, {Variant::kQueryDecoder, "query_decoder"}});
  fields.integer("layer_index_base", config.layer_index_base, 0, 1);
  fields.integers("vision_feature_layers", config.vision_feature_layers, -kMaxLayers, kMaxLayers);
  fields.choice("feature_concat", config.feature_concat,
                Names<FeatureConcat>{{FeatureConcat::kChannel, "channel"}, {FeatureConcat::kToken, "token"}});
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize);
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
  fields.choice("norm_placement", config.norm_placement,
                Names<NormPlacement>{{NormPlacement::kPost, "post"}, {NormPlacement::kPre, "pre"}});
  fields.boolean("final_layer_norm", config.final_layer_norm);
  fields.parsed("visual_projector", config.visual_projector);
  fields.parsed("text_projector", config.text_projector);
  const Names<PositionKind> positions{
      {PositionKind::kLearned, "learned"}, {PositionKind::kSine2d, "sine_2d"}, {PositionKind::kNone, "none"}};
  fields.choice("visual_position_embedding", config.visual_position_embedding, positions);
  fields.choice("text_position_embedding", config.text_position_embedding,
                Names<PositionKind>{{PositionKind::kLearned, "learned"}, {PositionKind::kNone, "none"}});
  fields.boolean("type_embedding", config.type_embedding);
  fields.boolean("level_embedding", config.level_embedding);
  fields.choice("caption_embedding", config.own_caption_embedding,
                Names<bool>{{false, "language_model"}, {true, "own"}});
  fields.boolean("caption_bos", config.caption_bos);
  fields.integer("max_caption_tokens", config.max_caption_tokens, 1, kMaxPositions);
  fields.choice("output", config.output,
                queries ? Names<Output>{{Output::kQueries, "queries"}, {Output::kQueriesAndText, "queries_and_text"}}
                        : Names<Output>{{Output::kVisual, "visual"}, {Output::kVisualAndText, "visual_and_text"}});
  fields.integer("caption_confidence", config.caption_confidence, 0, 64);
  fields.number("visual_token_share", config.visual_token_share, 0, 1);
  fields.boolean("use_caption", config.use_caption);
  fields.boolean("use_features", config.use_features);
  fields.integer("num_queries", config.num_queries, 1, kMaxPositions);
}

SHARPEYE_BODY SerConnectorConfig SerConnectorConfig::of(Variant variant) {
  SerConnectorConfig config;
  if (variant == Variant::kSelfAttention) return config;
  config.variant = variant;
  config.feature_concat = FeatureConcat::kToken;
  config.num_hidden_layers = 4;
  config.final_layer_norm = true;
  config.visual_position_embedding = PositionKind::kSine2d;
  config.text_position_embedding = PositionKind::kNone;
  config.level_embedding = true;
  config.output = Output::kQueries;
  return config;
}

SHARPEYE_BODY SerConnectorConfig SerConnectorConfig::from_json(const JsonReader& json) {
  const bool queries = json.one_of("variant", {"self_attention", "query_decoder"}, "self_attention") == "query_decoder";
  SerConnectorConfig config = of(queries ? Variant::kQueryDecoder : Variant::kSelfAttention);
  read_fields(json, config);
  json.require_known_keys(field_names(config));
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  require(!queries || config.feature_concat == FeatureConcat::kToken, ErrorCode::kConfig, json.where("feature_concat"),
          ": expected \"token\" with the query_decoder, actual \"channel\"");
  require(config.visual_position_embedding != PositionKind::kSine2d || config.hidden_size % 4 == 0, ErrorCode::kConfig,
          json.where("hidden_size"), ": expected a multiple of 4 for sine_2d, actual ", config.hidden_size);
  require(!queries || !config.type_embedding, ErrorCode::kConfig, json.where("type_embedding"),
          ": expected false with the query_decoder, actual true");
  return config;
}

SHARPEYE_BODY Json SerConnectorConfig::to_json() const {
  SerConnectorConfig written = *this;
  for (Index& layer : written.vision_feature_layers) layer += layer_index_base;
  Json json = fields_to_json(written);
  if (visual_token_share == 1) json.erase("visual_token_share");  // as it always was where it is not needed
  return json;
}

SHARPEYE_NAMESPACE_END
