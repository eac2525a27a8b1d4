#pragma once

/// @file
/// `ser_connector`: every choice that the paper makes or leaves open (paper.md 2), with the proposed defaults.

#include <string>
#include <vector>

#include "sharpeye/models/mlp_connector.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

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
  nn::NormPlacement norm_placement = nn::NormPlacement::kPost;
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
  bool use_caption = true;             ///< false: trained without the caption
  bool use_features = true;            ///< false: every level shows the last layer of the list
  Index num_queries = 100;

  bool has_separate_levels() const {
    return variant == Variant::kQueryDecoder || feature_concat == FeatureConcat::kToken;
  }
  bool outputs_text() const { return output == Output::kVisualAndText || output == Output::kQueriesAndText; }

  /// @throws Error kConfig naming the key.
  static SerConnectorConfig from_json(const JsonReader& json) {
    SerConnectorConfig config;
    const bool queries =
        json.one_of("variant", {"self_attention", "query_decoder"}, "self_attention") == "query_decoder";
    config.variant = queries ? Variant::kQueryDecoder : Variant::kSelfAttention;
    config.layer_index_base = json.integer("layer_index_base", 0, 1, 0);
    if (json.has("vision_feature_layers")) {
      config.vision_feature_layers = json.integers("vision_feature_layers", -kMaxLayers, kMaxLayers);
    }
    config.feature_concat =
        json.one_of("feature_concat", {"channel", "token"}, queries ? "token" : "channel") == "token"
            ? FeatureConcat::kToken
            : FeatureConcat::kChannel;
    require(!queries || config.feature_concat == FeatureConcat::kToken, ErrorCode::kConfig,
            json.where("feature_concat"), ": expected \"token\" with the query_decoder, actual \"channel\"");
    config.hidden_size = json.integer("hidden_size", 1, kMaxHiddenSize, config.hidden_size);
    config.num_hidden_layers = json.integer("num_hidden_layers", 1, kMaxLayers, queries ? 4 : 3);
    config.num_attention_heads = json.integer("num_attention_heads", 1, config.hidden_size, config.num_attention_heads);
    check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
    config.intermediate_size = json.integer("intermediate_size", 1, kMaxIntermediateSize, config.intermediate_size);
    config.hidden_act = read_activation(json, "hidden_act", "relu");
    config.layer_norm_eps = json.number("layer_norm_eps", 0, 1, config.layer_norm_eps);
    config.norm_placement = json.one_of("norm_placement", {"post", "pre"}, "post") == "pre" ? nn::NormPlacement::kPre
                                                                                            : nn::NormPlacement::kPost;
    config.final_layer_norm = json.boolean("final_layer_norm", queries);
    config.visual_projector = MlpType::from_json(json, "visual_projector", "mlp2x_gelu");
    config.text_projector = MlpType::from_json(json, "text_projector", "mlp2x_gelu");
    config.visual_position_embedding =
        read_position(json, "visual_position_embedding", queries ? "sine_2d" : "learned");
    require(config.visual_position_embedding != PositionKind::kSine2d || config.hidden_size % 4 == 0,
            ErrorCode::kConfig, json.where("hidden_size"), ": expected a multiple of 4 for sine_2d, actual ",
            config.hidden_size);
    config.text_position_embedding = read_position(json, "text_position_embedding", queries ? "none" : "learned");
    require(config.text_position_embedding != PositionKind::kSine2d, ErrorCode::kConfig,
            json.where("text_position_embedding"), ": expected \"learned\" or \"none\", actual \"sine_2d\"");
    config.type_embedding = json.boolean("type_embedding", false);
    require(!queries || !config.type_embedding, ErrorCode::kConfig, json.where("type_embedding"),
            ": expected false with the query_decoder, actual true");
    config.level_embedding = json.boolean("level_embedding", queries);
    config.own_caption_embedding =
        json.one_of("caption_embedding", {"language_model", "own"}, "language_model") == "own";
    config.caption_bos = json.boolean("caption_bos", true);
    config.max_caption_tokens = json.integer("max_caption_tokens", 1, kMaxPositions, config.max_caption_tokens);
    config.output = read_output(json, queries);
    config.use_caption = json.boolean("use_caption", true);
    config.use_features = json.boolean("use_features", true);
    config.num_queries = json.integer("num_queries", 1, kMaxPositions, config.num_queries);
    return config;
  }

 private:
  static PositionKind read_position(const JsonReader& json, const std::string& key, const char* fallback) {
    const std::string name = json.one_of(key, {"learned", "sine_2d", "none"}, std::string(fallback));
    if (name == "learned") return PositionKind::kLearned;
    return name == "sine_2d" ? PositionKind::kSine2d : PositionKind::kNone;
  }

  static Output read_output(const JsonReader& json, bool queries) {
    if (queries) {
      return json.one_of("output", {"queries", "queries_and_text"}, "queries") == "queries" ? Output::kQueries
                                                                                            : Output::kQueriesAndText;
    }
    return json.one_of("output", {"visual", "visual_and_text"}, "visual") == "visual" ? Output::kVisual
                                                                                      : Output::kVisualAndText;
  }
};

SHARPEYE_NAMESPACE_END
