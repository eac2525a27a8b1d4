#pragma once

/// @file
/// The list of language models, and what a captioner asks of any of their configurations.

#include <string>
#include <utility>
#include <variant>

#include "sharpeye/models/git_text_config.hpp"
#include "sharpeye/models/llama_config.hpp"
#include "sharpeye/models/opt_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text_config` of any kind. To add a language model: its configuration and its CausalLm in files of their own, a type
/// here, and a line in causal_lms.hpp.
struct LanguageModelConfig {
  std::variant<OptConfig, LlamaConfig, Qwen2Config, GitTextConfig> any;

  LanguageModelConfig() = default;
  template <class Config>
  LanguageModelConfig(Config config) : any(std::move(config)) {}

  /// The configuration of one kind. @throws std::bad_variant_access for another
  template <class Config>
  Config& as() {
    return std::get<Config>(any);
  }
  template <class Config>
  const Config& as() const {
    return std::get<Config>(any);
  }

  Index vocab_size() const;
  /// The width of token embeddings, and so of visual tokens.
  Index embedding_size() const;
  Index max_position_embeddings() const;
  bool tie_word_embeddings() const;
  Index bos_token_id() const;
  Index eos_token_id() const;
  Index pad_token_id() const;
  /// Whether the image stands before all text of a prompt, as CausalLmLimits::image_first.
  bool image_first() const;

  /// The kind that `model_type` names; OPT without it. @throws Error kConfig naming the key, kUnsupported with the list
  /// of kinds
  static LanguageModelConfig from_json(const JsonReader& json);
  Json to_json() const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/language_model_config.inl"
#endif
