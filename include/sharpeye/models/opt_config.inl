#pragma once

/// @file
/// Bodies of opt_config.hpp.

#include "sharpeye/models/opt_config.hpp"

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Fields>
void list_fields(OptConfig& config, Fields& fields) {
  fields.constant("model_type", OptConfig::kModelType);
  fields.integer("vocab_size", config.vocab_size, 1, kMaxVocabSize, Need::kRequired);
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize, Need::kRequired);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers, Need::kRequired);
  fields.integer("ffn_dim", config.ffn_dim, 1, kMaxIntermediateSize, Need::kRequired);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size, Need::kRequired);
  fields.integer("max_position_embeddings", config.max_position_embeddings, 1, kMaxPositions, Need::kRequired);
  fields.integer("word_embed_proj_dim", config.word_embed_proj_dim, 1, kMaxHiddenSize);
  fields.boolean("do_layer_norm_before", config.do_layer_norm_before);
  fields.boolean("_remove_final_layer_norm", config.remove_final_layer_norm);
  fields.constant("layer_norm_elementwise_affine", true);
  fields.choice("activation_function", config.activation_function, activation_names());
  fields.boolean("enable_bias", config.enable_bias);
  fields.boolean("tie_word_embeddings", config.tie_word_embeddings);
  fields.integer("bos_token_id", config.bos_token_id, 0, config.vocab_size - 1);
  fields.integer("eos_token_id", config.eos_token_id, 0, config.vocab_size - 1);
  fields.integer("pad_token_id", config.pad_token_id, 0, config.vocab_size - 1);
}

SHARPEYE_BODY OptConfig OptConfig::from_json(const JsonReader& json) {
  OptConfig config;
  config.word_embed_proj_dim = json.integer("hidden_size", 1, kMaxHiddenSize);  // unless it has a key of its own
  read_fields(json, config);
  check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
  return config;
}

SHARPEYE_BODY Json OptConfig::to_json() const {
  return fields_to_json(*this);
}

SHARPEYE_NAMESPACE_END
