#pragma once

/// @file
/// Bodies of mm_ser_config.hpp.

#include "sharpeye/models/mm_ser_config.hpp"

#include <algorithm>

#include "sharpeye/models/config_names.hpp"
#include "sharpeye/models/git_config.hpp"
#include "sharpeye/models/llava_config.hpp"
#include "sharpeye/models/nano_llava_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Layers as a file counts them from `base`, or back from the last, become indices of hidden states.
/// @throws Error kConfig naming `where` for layers that the tower does not have
inline void resolve_vision_layers(std::vector<Index>& layers, const VisionConfig& vision, Index base,
                                  const std::string& where) {
  const Index last = vision.num_hidden_layers();
  for (Index& layer : layers) {
    const Index index = vision.layer_index(layer < 0 ? layer : layer - base);
    require((layer < 0 || layer >= base) && index >= 0 && index <= last, ErrorCode::kConfig, where,
            ": expected hidden states 0 to ", last, ", actual ", layer);
    layer = index;
  }
}

/// `prompts`
struct PromptTexts {
  std::string &initial, &refine;
  bool& special_tokens;
};

template <class Fields>
void list_fields(PromptTexts& prompts, Fields& fields) {
  fields.text("initial", prompts.initial);
  fields.text("refine", prompts.refine);
  fields.boolean("special_tokens", prompts.special_tokens);
}

}  // namespace detail

// The fields that are no objects; those stand between `model_type` and these.
template <class Fields>
void list_fields(MmSerConfig& config, Fields& fields) {
  fields.integer("rounds", config.rounds, 0, 100);
  fields.choice("refine_language_model", config.own_refine_language_model,
                Names<bool>{{false, "shared"}, {true, "own"}});
}

namespace detail {

/// `model_type` "mm-ser": our own.
inline MmSerConfig read_mm_ser_config(const JsonReader& json) {
  MmSerConfig config;
  // What others write into any config.json says nothing about the captions.
  json.require_known_keys({"model_type", "vision_config", "text_config", "connector", "ser_connector", "prompts",
                           "rounds", "refine_language_model", "sharpeye_note", "architectures", "transformers_version",
                           "torch_dtype", "dtype", "_name_or_path"});
  config.vision_config = VisionConfig::from_json(json.object("vision_config"));
  config.text_config = LanguageModelConfig::from_json(json.object("text_config"));
  const JsonReader connector = json.object("connector");
  config.connector = ConnectorConfig::from_json(connector);
  resolve_vision_layers(config.connector.vision_feature_layers, config.vision_config, 0,
                        connector.where("vision_feature_layers"));
  if (json.has("ser_connector")) {
    const JsonReader ser_connector = json.object("ser_connector");
    config.ser_connector = SerConnectorConfig::from_json(ser_connector);
    resolve_vision_layers(config.ser_connector->vision_feature_layers, config.vision_config,
                          config.ser_connector->layer_index_base, ser_connector.where("vision_feature_layers"));
  }
  if (json.has("prompts")) {
    PromptTexts prompts{config.initial_prompt, config.refine_prompt, config.special_tokens_in_prompts};
    read_fields(json.object("prompts"), prompts);
    json.object("prompts").require_known_keys(field_names(prompts));
  }
  read_fields(json, config);
  require(config.ser_connector || !config.own_refine_language_model, ErrorCode::kConfig,
          json.where("refine_language_model"), ": expected \"shared\" without ser_connector, actual \"own\"");
  return config;
}

/// What a model directory can be: each `model_type` and how its config.json is read.
inline std::vector<std::pair<std::string, MmSerConfig (*)(const JsonReader&)>> model_kinds() {
  return {{MmSerConfig::kModelType, read_mm_ser_config},
          {"llava", read_llava_config},
          {"git", read_git_config},
          {"llava-qwen2", read_nano_llava_config}};
}

}  // namespace detail

SHARPEYE_BODY MmSerConfig MmSerConfig::from_json(const JsonReader& json) {
  std::vector<std::string> names;
  for (const auto& kind : detail::model_kinds()) names.push_back(kind.first);
  const std::string name = json.one_of("model_type", names);
  const auto place = std::find(names.begin(), names.end(), name) - names.begin();
  return detail::model_kinds()[static_cast<std::size_t>(place)].second(json);
}

SHARPEYE_BODY Json MmSerConfig::to_json() const {
  Json json{{"model_type", kModelType},
            {"vision_config", vision_config.to_json()},
            {"text_config", text_config.to_json()},
            {"connector", connector.to_json()}};
  if (ser_connector) json["ser_connector"] = ser_connector->to_json();
  MmSerConfig copy = *this;
  json["prompts"] =
      fields_to_json(detail::PromptTexts{copy.initial_prompt, copy.refine_prompt, copy.special_tokens_in_prompts});
  if (!special_tokens_in_prompts) json["prompts"].erase("special_tokens");  // as it always was
  json.update(fields_to_json(*this));
  return json;
}

SHARPEYE_BODY PromptText MmSerConfig::prompt_text() const {
  if (text_config.image_first()) return PromptText::kAfterImage;
  return special_tokens_in_prompts ? PromptText::kWithSpecialTokens : PromptText::kPlain;
}

SHARPEYE_BODY std::vector<Index> MmSerConfig::used_vision_layers() const {
  std::vector<Index> layers = connector.vision_feature_layers;
  if (ser_connector) {
    layers.insert(layers.end(), ser_connector->vision_feature_layers.begin(),
                  ser_connector->vision_feature_layers.end());
  }
  const Index last = vision_config.num_hidden_layers();
  for (const Index layer : layers) {
    require(layer >= 0 && layer <= last, ErrorCode::kConfig, "vision_feature_layers: expected 0 to ", last, ", actual ",
            layer);
  }
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

SHARPEYE_NAMESPACE_END
