#pragma once

/// @file
/// The sizes of an OPT language model.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text_config` of model type "opt", with Hugging Face's keys.
struct OptConfig {
  static constexpr const char* kModelType = "opt";

  Index vocab_size = 50272;
  Index hidden_size = 768;
  Index num_hidden_layers = 12;
  Index ffn_dim = 3072;
  Index num_attention_heads = 12;
  Index max_position_embeddings = 2048;
  Index word_embed_proj_dim = 768;
  bool do_layer_norm_before = true;
  bool remove_final_layer_norm = false;  ///< `_remove_final_layer_norm`: files fine-tuned before transformers 4.20.1
  bool enable_bias = true;
  bool tie_word_embeddings = true;  ///< the head is the token table; else `lm_head.weight`, a matrix of its own
  Activation activation_function = Activation::kRelu;
  Index bos_token_id = 2;
  Index eos_token_id = 2;
  Index pad_token_id = 1;

  /// @throws Error kConfig naming the key.
  static OptConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// The width of token embeddings, and so of visual tokens.
  Index embedding_size() const { return word_embed_proj_dim; }
  Index feed_forward_size() const { return ffn_dim; }
  bool has_projections() const { return word_embed_proj_dim != hidden_size; }
  bool has_final_layer_norm() const { return do_layer_norm_before && !remove_final_layer_norm; }
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/opt_config.inl"
#endif
