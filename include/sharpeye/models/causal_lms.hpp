#pragma once

/// @file
/// The language models of all kinds, made from their configurations.

#include <memory>
#include <string>

#include "sharpeye/models/git_text.hpp"
#include "sharpeye/models/language_model_config.hpp"
#include "sharpeye/models/llama.hpp"
#include "sharpeye/models/opt.hpp"

SHARPEYE_NAMESPACE_BEGIN

template <class Ops>
std::unique_ptr<CausalLm<Ops>> make_causal_lm(const OptConfig& config, const WeightScope& weights) {
  return std::make_unique<Opt<Ops>>(config, weights / "model" / "decoder", weights);
}

template <class Ops>
std::unique_ptr<CausalLm<Ops>> make_causal_lm(const LlamaConfig& config, const WeightScope& weights) {
  return std::make_unique<Llama<Ops>>(config, weights);
}

template <class Ops>
std::unique_ptr<CausalLm<Ops>> make_causal_lm(const GitTextConfig& config, const WeightScope& weights) {
  return std::make_unique<GitText<Ops>>(config, weights);
}

/// The language model of a configuration, bound to the weights of a Hugging Face `...ForCausalLM` in the scope
/// `weights`. @throws Error as WeightLoader::get()
template <class Ops>
std::unique_ptr<CausalLm<Ops>> make_causal_lm(const LanguageModelConfig& config, const WeightScope& weights) {
  return std::visit([&](const auto& one) { return make_causal_lm<Ops>(one, weights); }, config.any);
}

SHARPEYE_NAMESPACE_END
