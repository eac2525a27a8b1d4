#pragma once

/// @file
/// Bodies of mm_ser_config.hpp.

#include "sharpeye/models/mm_ser_config.hpp"

#include <algorithm>

#include "sharpeye/models/config_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// `prompts`
struct PromptTexts {
  std::string &initial, &refine;
};

template <class Fields>
void list_fields(PromptTexts& prompts, Fields& fields) {
  fields.text("initial", prompts.initial);
  fields.text("refine", prompts.refine);
}

}  // namespace detail

// The fields that are no objects; those stand between `model_type` and these.
template <class Fields>
void list_fields(MmSerConfig& config, Fields& fields) {
  fields.integer("rounds", config.rounds, 0, 100);
  fields.choice("refine_language_model", config.own_refine_language_model,
                Names<bool>{{false, "shared"}, {true, "own"}});
}

SHARPEYE_BODY MmSerConfig MmSerConfig::from_json(const JsonReader& json) {
  MmSerConfig config;
  json.one_of("model_type", {"mm-ser"});
  // What others write into any config.json says nothing about the captions.
  json.require_known_keys({"model_type", "vision_config", "text_config", "connector", "ser_connector", "prompts",
                           "rounds", "refine_language_model", "sharpeye_note", "architectures", "transformers_version",
                           "torch_dtype", "dtype", "_name_or_path"});
  config.vision_config = VisionConfig::from_json(json.object("vision_config"));
  config.text_config = LanguageModelConfig::from_json(json.object("text_config"));
  const auto resolve = [&](std::vector<Index>& layers, Index base, const JsonReader& owner) {
    const Index last = config.vision_config.num_hidden_layers();
    for (Index& layer : layers) {
      const Index index = config.vision_config.layer_index(layer < 0 ? layer : layer - base);
      require((layer < 0 || layer >= base) && index >= 0 && index <= last, ErrorCode::kConfig,
              owner.where("vision_feature_layers"), ": expected hidden states 0 to ", last, ", actual ", layer);
      layer = index;
    }
  };
  const JsonReader connector = json.object("connector");
  config.connector = ConnectorConfig::from_json(connector);
  resolve(config.connector.vision_feature_layers, 0, connector);
  if (json.has("ser_connector")) {
    const JsonReader ser_connector = json.object("ser_connector");
    config.ser_connector = SerConnectorConfig::from_json(ser_connector);
    resolve(config.ser_connector->vision_feature_layers, config.ser_connector->layer_index_base, ser_connector);
  }
  if (json.has("prompts")) {
    detail::PromptTexts prompts{config.initial_prompt, config.refine_prompt};
    read_fields(json.object("prompts"), prompts);
    json.object("prompts").require_known_keys(field_names(prompts));
  }
  read_fields(json, config);
  require(config.ser_connector || !config.own_refine_language_model, ErrorCode::kConfig,
          json.where("refine_language_model"), ": expected \"shared\" without ser_connector, actual \"own\"");
  return config;
}

SHARPEYE_BODY Json MmSerConfig::to_json() const {
  Json json{{"model_type", "mm-ser"},
            {"vision_config", vision_config.to_json()},
            {"text_config", text_config.to_json()},
            {"connector", connector.to_json()}};
  if (ser_connector) json["ser_connector"] = ser_connector->to_json();
  MmSerConfig copy = *this;
  json["prompts"] = fields_to_json(detail::PromptTexts{copy.initial_prompt, copy.refine_prompt});
  json.update(fields_to_json(*this));
  return json;
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
