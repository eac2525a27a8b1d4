#pragma once

/// @file
/// Bodies of git_text_config.hpp.

#include "sharpeye/models/git_text_config.hpp"

#include "sharpeye/models/config_names.hpp"
#include "sharpeye/models/config_token_ids.hpp"

SHARPEYE_NAMESPACE_BEGIN

// Beside these stand the token ids, which may be lists.
template <class Fields>
void list_fields(GitTextConfig& config, Fields& fields) {
  fields.constant("model_type", GitTextConfig::kModelType);
  fields.integer("vocab_size", config.vocab_size, 1, kMaxVocabSize);
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize);
  fields.integer("max_position_embeddings", config.max_position_embeddings, 1, kMaxPositions);
  fields.constant("position_embedding_type", "absolute");
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.number("layer_norm_eps", config.layer_norm_eps, 0, 1);
  fields.boolean("tie_word_embeddings", config.tie_word_embeddings);
}

SHARPEYE_BODY GitTextConfig GitTextConfig::from_json(const JsonReader& json) {
  GitTextConfig config;
  read_fields(json, config);
  detail::read_token_ids(json, config);
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  return config;
}

SHARPEYE_BODY Json GitTextConfig::to_json() const {
  Json json = fields_to_json(*this);
  detail::write_token_ids(*this, json);
  return json;
}

SHARPEYE_NAMESPACE_END
