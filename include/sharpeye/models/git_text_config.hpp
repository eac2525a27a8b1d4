#pragma once

/// @file
/// The sizes of GIT's text decoder.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a configuration of model type "git" says about its text decoder, with Hugging Face's keys and defaults.
struct GitTextConfig {
  static constexpr const char* kModelType = "git";

  Index vocab_size = 30522;
  Index hidden_size = 768;
  Index num_hidden_layers = 6;
  Index num_attention_heads = 12;
  Index intermediate_size = 3072;
  Index max_position_embeddings = 1024;  ///< tokens of text; those of the image have no position
  Activation hidden_act = Activation::kGelu;
  double layer_norm_eps = 1e-12;
  bool tie_word_embeddings = false;  ///< the head's matrix is the token table; it has a bias of its own either way
  Index bos_token_id = 101;          ///< [CLS]; -1: none
  Index eos_token_id = 102;          ///< [SEP], the first where the file has a list; -1: none
  Index pad_token_id = 0;            ///< -1: none

  /// @throws Error kConfig naming the key, kUnsupported for positions that are not learned
  static GitTextConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// The width of token embeddings, and so of visual tokens.
  Index embedding_size() const { return hidden_size; }
  Index feed_forward_size() const { return intermediate_size; }
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/git_text_config.inl"
#endif
