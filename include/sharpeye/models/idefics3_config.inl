#pragma once

/// @file
/// Bodies of idefics3_config.hpp.

#include "sharpeye/models/idefics3_config.hpp"

#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY MmSerConfig read_idefics3_config(const JsonReader& json) {
  MmSerConfig config;
  config.model_type = "idefics3";
  const auto vision = Idefics3VisionConfig::from_json(json.object("vision_config"));
  auto text = LlamaConfig::from_json(json.object("text_config"));
  text.tie_word_embeddings = json.boolean("tie_word_embeddings", false);  // that of text_config counts for nothing
  config.image_token_id = json.integer("image_token_id", 0, text.vocab_size - 1);
  config.connector.type = {1, 0};
  config.connector.bias = false;
  config.connector.vision_feature_layers = {vision.num_hidden_layers};
  config.connector.pixel_shuffle = json.integer("scale_factor", 1, vision.grid_size(), 2);
  config.vision_config = vision;
  config.text_config = text;
  check_pixel_shuffle(config, json.where("scale_factor"));
  config.special_tokens_in_prompts = true;
  config.tile_markers = true;
  config.initial_prompt = "<|im_start|>User:<image>Describe this image in one sentence.<end_of_utterance>\nAssistant:";
  return config;
}

SHARPEYE_NAMESPACE_END
