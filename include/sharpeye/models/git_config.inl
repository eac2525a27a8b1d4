#pragma once

/// @file
/// Bodies of git_config.hpp.

#include "sharpeye/models/git_config.hpp"

#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY MmSerConfig read_git_config(const JsonReader& json) {
  require(!json.has("num_image_with_embedding"), ErrorCode::kUnsupported, json.where("num_image_with_embedding"),
          ": expected none, for models of several video frames are not supported");
  const auto vision =
      json.has("vision_config") ? GitVisionConfig::from_json(json.object("vision_config")) : GitVisionConfig();
  MmSerConfig config;
  config.model_type = GitTextConfig::kModelType;
  config.vision_config = vision;
  config.text_config = GitTextConfig::from_json(json);
  config.connector.type = MlpType{1, 0, true};
  config.connector.layer_norm_eps = vision.layer_norm_eps;
  config.connector.vision_feature_layers = {vision.num_hidden_layers};
  config.connector.select = FeatureSelect::kFull;
  config.initial_prompt = "<image>";
  config.special_tokens_in_prompts = true;
  return config;
}

SHARPEYE_NAMESPACE_END
