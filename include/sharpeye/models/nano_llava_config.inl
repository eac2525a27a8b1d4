#pragma once

/// @file
/// Bodies of nano_llava_config.hpp.

#include "sharpeye/models/nano_llava_config.hpp"

#include <string>

#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// google/siglip-so400m-patch14-384, whose sizes nanoLLaVA keeps in its code.
inline SiglipVisionConfig nano_llava_tower(const JsonReader& json) {
  if (json.has("vision_config")) return SiglipVisionConfig::from_json(json.object("vision_config"));
  const std::string name = json.text("mm_vision_tower");
  require(name.find("siglip-so400m-patch14-384") != std::string::npos, ErrorCode::kUnsupported,
          json.where("mm_vision_tower"), ": expected google/siglip-so400m-patch14-384, or an object vision_config, ",
          "actual ", in_quotes(name));
  SiglipVisionConfig vision;
  vision.hidden_size = 1152;
  vision.intermediate_size = 4304;
  vision.num_hidden_layers = 27;
  vision.num_attention_heads = 16;
  vision.image_size = 384;
  vision.patch_size = 14;
  return vision;
}

}  // namespace detail

SHARPEYE_BODY MmSerConfig read_nano_llava_config(const JsonReader& json) {
  MmSerConfig config;
  config.model_type = json.text("model_type");
  const SiglipVisionConfig vision = detail::nano_llava_tower(json);
  json.integer("mm_hidden_size", vision.hidden_size, vision.hidden_size, vision.hidden_size);
  Json text = Json::object();
  for (const std::string& key : json.keys()) {
    if (key != "model_type" && key != "vision_config") text[key] = json.value(key);
  }
  config.vision_config = vision;
  config.text_config = Qwen2Config::from_json(JsonReader(std::move(text), json.file()));
  config.connector.type =
      MlpType::from_text(json.text("mm_projector_type", "mlp2x_gelu"), json.where("mm_projector_type"));
  config.connector.vision_feature_layers = {vision.num_hidden_layers};
  config.connector.select = FeatureSelect::kFull;
  // Its ChatML has no line breaks between the turns.
  config.initial_prompt =
      "<|im_start|>system\nAnswer the question<|im_end|><|im_start|>user\n<image>\nDescribe this image in one "
      "sentence.<|im_end|><|im_start|>assistant\n";
  config.special_tokens_in_prompts = true;
  return config;
}

SHARPEYE_NAMESPACE_END
