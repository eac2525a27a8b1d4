#pragma once

/// @file
/// Bodies of mm_ser_config.hpp.

#include "sharpeye/models/mm_ser_config.hpp"

#include <algorithm>

#include "sharpeye/models/config_names.hpp"
#include "sharpeye/models/git_config.hpp"
#include "sharpeye/models/idefics3_config.hpp"
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
  bool &special_tokens, &tile_markers;
};

template <class Fields>
void list_fields(PromptTexts& prompts, Fields& fields) {
  fields.text("initial", prompts.initial);
  fields.text("refine", prompts.refine);
  fields.boolean("special_tokens", prompts.special_tokens);
  fields.boolean("tile_markers", prompts.tile_markers);
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
  check_pixel_shuffle(config, connector.where("pixel_shuffle"));
  if (json.has("ser_connector")) {
    const JsonReader ser_connector = json.object("ser_connector");
    config.ser_connector = SerConnectorConfig::from_json(ser_connector);
    resolve_vision_layers(config.ser_connector->vision_feature_layers, config.vision_config,
                          config.ser_connector->layer_index_base, ser_connector.where("vision_feature_layers"));
  }
  if (json.has("prompts")) {
    PromptTexts prompts{config.initial_prompt, config.refine_prompt, config.special_tokens_in_prompts,
                        config.tile_markers};
    const JsonReader object = json.object("prompts");
    read_fields(object, prompts);
    if (object.has("image_token_id")) {
      config.image_token_id = object.integer("image_token_id", 0, config.text_config.vocab_size() - 1);
    }
    std::vector<std::string> known = field_names(prompts);
    known.push_back("image_token_id");
    object.require_known_keys(known);
    require(!config.tile_markers || config.special_tokens_in_prompts, ErrorCode::kConfig, object.where("tile_markers"),
            ": expected false without special_tokens, actual true");
  }
  read_fields(json, config);
  if (config.ser_connector) {
    check_visual_token_share(config, config.ser_connector->visual_token_share,
                             json.object("ser_connector").where("visual_token_share"));
  }
  require(config.ser_connector || !config.own_refine_language_model, ErrorCode::kConfig,
          json.where("refine_language_model"), ": expected \"shared\" without ser_connector, actual \"own\"");
  return config;
}

/// What a model directory can be: each `model_type` and how its config.json is read.
inline std::vector<std::pair<const char*, MmSerConfig (*)(const JsonReader&)>> model_kinds() {
  return {{MmSerConfig::kModelType, read_mm_ser_config},
          {"llava", read_llava_config},
          {"git", read_git_config},
          {"idefics3", read_idefics3_config},
          {"llava-qwen2", read_nano_llava_config}};
}

}  // namespace detail

SHARPEYE_BODY MmSerConfig MmSerConfig::from_json(const JsonReader& json) {
  std::vector<std::string_view> names;
  for (const auto& kind : detail::model_kinds()) names.emplace_back(kind.first);
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
  Json& prompts = json["prompts"];
  prompts = fields_to_json(
      detail::PromptTexts{copy.initial_prompt, copy.refine_prompt, copy.special_tokens_in_prompts, copy.tile_markers});
  // As it always was where they are not needed.
  if (!special_tokens_in_prompts) prompts.erase("special_tokens");
  if (!tile_markers) prompts.erase("tile_markers");
  if (image_token_id) prompts["image_token_id"] = *image_token_id;
  json.update(fields_to_json(*this));
  return json;
}

SHARPEYE_BODY PromptText MmSerConfig::prompt_text() const {
  if (text_config.image_first()) return PromptText::kAfterImage;
  if (tile_markers) return PromptText::kWithTileMarkers;
  return special_tokens_in_prompts ? PromptText::kWithSpecialTokens : PromptText::kPlain;
}

SHARPEYE_BODY PromptText MmSerConfig::refine_prompt_text() const {
  return tile_markers ? PromptText::kWithSpecialTokens : prompt_text();
}

SHARPEYE_BODY void check_pixel_shuffle(const MmSerConfig& config, const std::string& where) {
  const ConnectorConfig& connector = config.connector;
  const Index factor = connector.pixel_shuffle, grid = config.vision_config.grid_size();
  if (factor == 1) return;
  require(grid % factor == 0, ErrorCode::kConfig, where, ": expected a divisor of ", grid,
          " patches along a side, actual ", factor);
  const Index prefix = config.vision_config.num_prefix_tokens();
  require(connector.num_skipped_tokens(prefix) == prefix, ErrorCode::kConfig, where,
          ": expected 1 unless vision_feature_select_strategy is \"patches\", actual ", factor);
}

SHARPEYE_BODY void check_visual_token_share(const MmSerConfig& config, double share, const std::string& where) {
  require(config.ser_connector.has_value(), ErrorCode::kConfig, where,
          ": expected none with a model without ser_connector");
  require(share > 0 && share <= 1, ErrorCode::kConfig, where, ": expected a number above 0, at most 1, actual ", share);
  if (share == 1) return;
  require(!config.text_config.image_first(), ErrorCode::kConfig, where,
          ": expected 1 with a language model whose visual tokens see one another both ways, actual ", share);
  const std::string_view prompt = config.refine_prompt, image = "<image>";
  const std::size_t first = prompt.find(image);
  require(first == std::string_view::npos || prompt.find(image, first + image.size()) == std::string_view::npos,
          ErrorCode::kConfig, where, ": expected 1 where prompts.refine shows the image more than once, actual ",
          share);
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
