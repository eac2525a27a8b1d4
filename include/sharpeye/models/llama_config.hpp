#pragma once

/// @file
/// The sizes of language models of LLaMA's family.

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/config_limits.hpp"
#include "sharpeye/ops/rotary.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text_config` of model type "llama", with Hugging Face's keys and defaults: a checkpoint's file may leave out what
/// is LLaMA-7B's.
struct LlamaConfig {
  static constexpr const char* kModelType = "llama";

  Index vocab_size = 32000;
  Index hidden_size = 4096;
  Index intermediate_size = 11008;
  Index num_hidden_layers = 32;
  Index num_attention_heads = 32;
  Index num_key_value_heads = 32;  ///< by default num_attention_heads
  Index head_dim = 128;            ///< by default hidden_size / num_attention_heads
  Index max_position_embeddings = 2048;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;   ///< also inside `rope_parameters`, where transformers 5 writes it
  RotaryScaling rope_scaling;  ///< `rope_scaling`, or inside `rope_parameters`
  Activation hidden_act = Activation::kSilu;
  bool qkv_bias = false;     ///< of q_proj, k_proj and v_proj: `attention_bias`
  bool output_bias = false;  ///< of o_proj: `attention_bias`
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  Index bos_token_id = 1;   ///< -1: none
  Index eos_token_id = 2;   ///< the first, where the file has a list; -1: none
  Index pad_token_id = -1;  ///< -1: none

  /// @throws Error kConfig naming the key; kUnsupported for positions scaled otherwise than "linear" and
  /// "llama3"
  static LlamaConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// The width of token embeddings, and so of visual tokens.
  Index embedding_size() const { return hidden_size; }
  Index feed_forward_size() const { return intermediate_size; }
};

/// `text_config` of model type "qwen2": LLaMA's form with biases of q_proj, k_proj and v_proj.
struct Qwen2Config : LlamaConfig {
  static constexpr const char* kModelType = "qwen2";

  Qwen2Config() {
    vocab_size = 151936;
    intermediate_size = 22016;
    max_position_embeddings = 32768;
    qkv_bias = true;
    bos_token_id = 151643;
    eos_token_id = 151645;
  }

  /// @throws Error kConfig naming the key; kUnsupported for sliding windows, and as LlamaConfig
  static Qwen2Config from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/llama_config.inl"
#endif
