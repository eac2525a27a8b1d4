#pragma once

/// @file
/// The whole model: vision tower, the first glance's connector, the SeR-Connector, and one language model for both.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/models/clip_vision.hpp"
#include "sharpeye/models/mlp_connector.hpp"
#include "sharpeye/models/opt.hpp"
#include "sharpeye/models/ser_connector.hpp"
#include "sharpeye/models/unused_tensors.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `config.json` of model type "mm-ser".
struct MmSerConfig {
  ClipVisionConfig vision_config;
  OptConfig text_config;
  ConnectorConfig connector;                        ///< layers as Hugging Face's non-negative indices
  std::optional<SerConnectorConfig> ser_connector;  ///< absent: a model of one glance; layers as for `connector`
  std::string initial_prompt = "USER: <image>What is in the photo? ASSISTANT:";  ///< `prompts.initial`
  std::string refine_prompt = "<image>{initial}";                                ///< `prompts.refine`
  Index rounds = 1;                        ///< refinements when the caller does not say how many
  bool own_refine_language_model = false;  ///< `refine_language_model`: "shared" (the paper) or "own" weights

  /// @throws Error kConfig naming the key.
  static MmSerConfig from_json(const JsonReader& json) {
    MmSerConfig config;
    json.one_of("model_type", {"mm-ser"});
    config.vision_config = ClipVisionConfig::from_json(json.object("vision_config"));
    config.text_config = OptConfig::from_json(json.object("text_config"));
    const auto resolve = [&](std::vector<Index>& layers, Index base, const JsonReader& owner) {
      for (Index& layer : layers) {
        const Index index = config.vision_config.layer_index(layer < 0 ? layer : layer - base);
        require((layer < 0 || layer >= base) && index >= 0 && index <= config.vision_config.num_hidden_layers,
                ErrorCode::kConfig, owner.where("vision_feature_layers"), ": expected hidden states 0 to ",
                config.vision_config.num_hidden_layers, ", actual ", layer);
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
      const JsonReader prompts = json.object("prompts");
      config.initial_prompt = prompts.text("initial", config.initial_prompt);
      config.refine_prompt = prompts.text("refine", config.refine_prompt);
    }
    config.rounds = json.integer("rounds", 0, 100, config.rounds);
    config.own_refine_language_model = json.one_of("refine_language_model", {"shared", "own"}, "shared") == "own";
    require(config.ser_connector || !config.own_refine_language_model, ErrorCode::kConfig,
            json.where("refine_language_model"), ": expected \"shared\" without ser_connector, actual \"own\"");
    return config;
  }

  /// The vision blocks that anybody's features need: later ones are neither loaded nor run.
  /// @throws Error kConfig for layers that the tower does not have.
  Index num_vision_blocks() const {
    const auto check_layers = [&](const std::vector<Index>& layers) {
      for (const Index layer : layers) {
        require(layer >= 0 && layer <= vision_config.num_hidden_layers, ErrorCode::kConfig,
                "vision_feature_layers: expected 0 to ", vision_config.num_hidden_layers, ", actual ", layer);
      }
    };
    check_layers(connector.vision_feature_layers);
    if (ser_connector) check_layers(ser_connector->vision_feature_layers);
    Index last = *std::max_element(connector.vision_feature_layers.begin(), connector.vision_feature_layers.end());
    if (ser_connector) {
      for (const Index layer : ser_connector->vision_feature_layers) last = std::max(last, layer);
    }
    return last;
  }
};

/// The model's parts, bound to a checkpoint. Immutable; shared between threads.
template <class Ops>
class MmSer {
 public:
  using Tensor = typename Ops::Tensor;

  /// @throws Error as WeightLoader::get(), and kUnreadTensor for tensors that belong to no part.
  MmSer(const MmSerConfig& config, WeightLoader& loader)
      : config_(config),
        vision_(config.vision_config, loader.root("vision_tower.vision_model"), config.num_vision_blocks()),
        connector_(config.connector.type, loader.root("multi_modal_projector"),
                   static_cast<Index>(config.connector.vision_feature_layers.size()) * config.vision_config.hidden_size,
                   config.text_config.word_embed_proj_dim),
        language_model_(config.text_config, loader.root("language_model.model.decoder"),
                        loader.root("language_model")) {
    if (config.ser_connector) {
      ser_connector_.emplace(*config.ser_connector,
                             typename SerConnector<Ops>::Surroundings{
                                 config.vision_config.hidden_size, config.vision_config.grid_size(),
                                 config.text_config.vocab_size, config.text_config.word_embed_proj_dim},
                             loader.root("ser_connector"));
    }
    if (config.own_refine_language_model) {
      refine_language_model_.emplace(config.text_config, loader.root("refine_language_model.model.decoder"),
                                     loader.root("refine_language_model"));
    }
    skip_unused(loader, config);
    loader.require_all_read();
  }

  const MmSerConfig& config() const { return config_; }
  const ClipVision<Ops>& vision() const { return vision_; }
  const Mlp<Ops>& connector() const { return connector_; }
  const std::optional<SerConnector<Ops>>& ser_connector() const { return ser_connector_; }
  /// The first glance's language model, and the one for refinements: the same unless the configuration says "own".
  const Opt<Ops>& language_model() const { return language_model_; }
  const Opt<Ops>& refine_language_model() const {
    return refine_language_model_ ? *refine_language_model_ : language_model_;
  }

 private:
  // What a checkpoint may hold and nobody computes with: later blocks, the pooled output's norm, old buffers, the head.
  static void skip_unused(WeightLoader& loader, const MmSerConfig& config) {
    skip_unused_vision(loader, "vision_tower.vision_model", config.vision_config, config.num_vision_blocks());
    if (!config.text_config.tie_word_embeddings) return;
    for (const std::string model : {"language_model", "refine_language_model"}) {
      if (model == "refine_language_model" && !config.own_refine_language_model) continue;
      check_tied_head(loader, model + ".lm_head.weight", model + ".model.decoder.embed_tokens.weight",
                      config.text_config.vocab_size, config.text_config.word_embed_proj_dim);
    }
  }

  MmSerConfig config_;
  ClipVision<Ops> vision_;
  Mlp<Ops> connector_;
  Opt<Ops> language_model_;
  std::optional<SerConnector<Ops>> ser_connector_;
  std::optional<Opt<Ops>> refine_language_model_;
};

SHARPEYE_NAMESPACE_END
