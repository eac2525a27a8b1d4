#pragma once

/// Small models with each kind of language model, and random weights for them.

#include <memory>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "support/random_weights.hpp"

namespace test {

using namespace sharpeye;

template <class Text>
MmSerConfig config_of(const Text& text) {
  MmSerConfig config;
  config.vision_config = ClipVisionConfig{36, 84, 5, 4, 21, 7, Activation::kQuickGelu, 1e-5};
  config.connector.vision_feature_layers = {4};
  config.connector.type = {4, 2};
  config.text_config = text;
  return config;
}

inline MmSerConfig opt_config() {
  OptConfig text;
  text.vocab_size = 61;
  text.hidden_size = text.word_embed_proj_dim = text.ffn_dim = 64;
  text.num_hidden_layers = 3;
  text.num_attention_heads = 4;
  text.max_position_embeddings = 64;
  return config_of(text);
}

/// Six query heads of 32 that share two of keys and values.
inline MmSerConfig llama_config() {
  LlamaConfig text;
  text.vocab_size = 61;
  text.hidden_size = 192;
  text.intermediate_size = 64;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 6;
  text.num_key_value_heads = 2;
  text.head_dim = 32;
  text.max_position_embeddings = 64;
  return config_of(text);
}

inline MmSerConfig git_config() {
  GitTextConfig text;
  text.vocab_size = 61;
  text.hidden_size = text.intermediate_size = 64;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 4;
  text.max_position_embeddings = 64;
  return config_of(text);
}

/// A model of this config with random weights in a format.
template <class Ops>
MmSer<Ops> random_model(const MmSerConfig& config, const char* format) {
  const auto weights = test::random_weights(declare_tensors(config), 4);
  WeightLoader loader(std::make_shared<MemorySource>(quantize_model(*weights, codec_named(format))));
  return MmSer<Ops>(config, loader);
}

}  // namespace test
