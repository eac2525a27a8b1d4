#pragma once

/// @file
/// Bodies of llava_config.hpp.

#include "sharpeye/models/llava_config.hpp"

#include <string>
#include <vector>

#include "sharpeye/models/config_names.hpp"
#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

// What LLaVA-1.5 was trained to answer (Vicuna's form), and ChatML. The image stands on a line of its own.
inline const char* llava_prompt(const LlamaConfig&) {
  return "USER: <image>\nDescribe this image in one sentence. ASSISTANT:";
}
inline const char* llava_prompt(const Qwen2Config&) {
  return "<|im_start|>user\n<image>\nDescribe this image in one sentence.<|im_end|>\n<|im_start|>assistant\n";
}
template <class Config>
const char* llava_prompt(const Config&) {
  return "<image>";
}

/// `vision_feature_layer`: one or several.
inline std::vector<Index> llava_layers(const JsonReader& json, const VisionConfig& vision) {
  const char* key = "vision_feature_layer";
  const Index last = vision.num_hidden_layers();
  std::vector<Index> layers{-2};
  if (json.is_list(key)) {
    layers = json.integers(key, -last - 1, last);
  } else {
    layers[0] = json.integer(key, -last - 1, last, -2);
  }
  for (Index& layer : layers) layer = vision.layer_index(layer);
  return layers;
}

}  // namespace detail

SHARPEYE_BODY MmSerConfig read_llava_config(const JsonReader& json) {
  MmSerConfig config;
  config.model_type = "llava";
  ReadFields fields(json);
  fields.choice("projector_hidden_act", config.connector.type.activation, activation_names());
  fields.constant("multimodal_projector_bias", true);
  config.vision_config = VisionConfig::from_json(json.object("vision_config"));
  const JsonReader text = json.object("text_config");
  config.text_config = text.has("model_type") ? LanguageModelConfig::from_json(text) : LlamaConfig::from_json(text);
  require(!config.text_config.image_first(), ErrorCode::kUnsupported, text.where("model_type"),
          ": expected a language model that reads images among text, actual ", in_quotes(text.text("model_type")));
  const bool is_tied = json.boolean("tie_word_embeddings", false);
  std::visit(
      [&](auto& language_model) {
        language_model.tie_word_embeddings = language_model.tie_word_embeddings || is_tied;
        config.initial_prompt = detail::llava_prompt(language_model);
      },
      config.text_config.any);
  json.integer("image_token_index", 0, config.text_config.vocab_size() - 1, 0);
  config.special_tokens_in_prompts = true;
  config.connector.type.depth = 2;
  config.connector.type.expansion = 0;
  config.connector.vision_feature_layers = detail::llava_layers(json, config.vision_config);
  config.connector.select = json.one_of("vision_feature_select_strategy", {"default", "full"}, "default") == "full"
                                ? FeatureSelect::kFull
                                : FeatureSelect::kDefault;
  return config;
}

SHARPEYE_NAMESPACE_END
