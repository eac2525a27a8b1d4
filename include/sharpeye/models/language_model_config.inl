#pragma once

/// @file
/// Bodies of language_model_config.hpp.

#include "sharpeye/models/language_model_config.hpp"

#include "sharpeye/models/config_kinds.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY Index LanguageModelConfig::vocab_size() const {
  return std::visit([](const auto& config) { return config.vocab_size; }, any);
}
SHARPEYE_BODY Index LanguageModelConfig::embedding_size() const {
  return std::visit([](const auto& config) { return config.embedding_size(); }, any);
}
SHARPEYE_BODY Index LanguageModelConfig::max_position_embeddings() const {
  return std::visit([](const auto& config) { return config.max_position_embeddings; }, any);
}
SHARPEYE_BODY bool LanguageModelConfig::tie_word_embeddings() const {
  return std::visit([](const auto& config) { return config.tie_word_embeddings; }, any);
}
SHARPEYE_BODY Index LanguageModelConfig::bos_token_id() const {
  return std::visit([](const auto& config) { return config.bos_token_id; }, any);
}
SHARPEYE_BODY Index LanguageModelConfig::eos_token_id() const {
  return std::visit([](const auto& config) { return config.eos_token_id; }, any);
}
SHARPEYE_BODY Index LanguageModelConfig::pad_token_id() const {
  return std::visit([](const auto& config) { return config.pad_token_id; }, any);
}

SHARPEYE_BODY bool LanguageModelConfig::image_first() const {
  return std::holds_alternative<GitTextConfig>(any);
}

SHARPEYE_BODY LanguageModelConfig LanguageModelConfig::from_json(const JsonReader& json) {
  LanguageModelConfig config;
  config.any = detail::read_kind<decltype(any)>(json);
  return config;
}

SHARPEYE_BODY Json LanguageModelConfig::to_json() const {
  return std::visit([](const auto& config) { return config.to_json(); }, any);
}

SHARPEYE_NAMESPACE_END
