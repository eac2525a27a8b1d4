#pragma once

/// @file
/// What a model directory's `config.json` says: of model type "mm-ser", or of one that becomes a captioner of one
/// glance.

#include <optional>
#include <string>
#include <vector>

#include "sharpeye/models/connector_config.hpp"
#include "sharpeye/models/language_model_config.hpp"
#include "sharpeye/models/ser_connector_config.hpp"
#include "sharpeye/models/vision_config.hpp"
#include "sharpeye/text/prompt.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A captioner of one or two glances.
struct MmSerConfig {
  static constexpr const char* kModelType = "mm-ser";

  std::string model_type = kModelType;  ///< of the file that this was read from; written is "mm-ser"
  VisionConfig vision_config;
  LanguageModelConfig text_config;
  ConnectorConfig connector;                        ///< layers as Hugging Face's non-negative indices
  std::optional<SerConnectorConfig> ser_connector;  ///< absent: a model of one glance; layers as for `connector`
  std::string initial_prompt = "USER: <image>What is in the photo? ASSISTANT:";  ///< `prompts.initial`
  std::string refine_prompt = "<image>{initial}";                                ///< `prompts.refine`
  bool special_tokens_in_prompts = false;  ///< `prompts.special_tokens`: their spelling in a prompt means them
  bool tile_markers = false;  ///< `prompts.tile_markers`: markers stand around the image or its tiles, as in Idefics3
  std::optional<Index> image_token_id;     ///< `prompts.image_token_id`: of "<image>", where the tokenizer must have it
  Index rounds = 1;                        ///< refinements when the caller does not say how many
  bool own_refine_language_model = false;  ///< `refine_language_model`: "shared" (the paper) or "own" weights

  /// A configuration of any kind that is listed in mm_ser_config.inl.
  /// @throws Error kConfig naming the key, and for an unknown `model_type` listing the known ones; in objects of our
  /// own also for a key that nobody knows.
  static MmSerConfig from_json(const JsonReader& json);
  Json to_json() const;

  /// How the prompts are read.
  PromptText prompt_text() const;
  /// The same for `prompts.refine`, where the image is never in tiles.
  PromptText refine_prompt_text() const;

  /// The hidden states that the glances read, in ascending order, each once.
  /// @throws Error kConfig for layers that the tower does not have.
  std::vector<Index> used_vision_layers() const;
  /// The vision blocks that anybody's features need: later ones are neither loaded nor run.
  Index num_vision_blocks() const { return used_vision_layers().back(); }
};

/// @throws Error kConfig naming `where` unless the second glance of such a model can have this share of its visual
/// tokens: in (0, 1], and below 1 for a language model that has a position for each, after one image in the prompt.
void check_visual_token_share(const MmSerConfig& config, double share, const std::string& where);

/// @throws Error kConfig naming `where` unless the first glance's pixel shuffle has whole blocks of patches, and
/// nothing but patches
void check_pixel_shuffle(const MmSerConfig& config, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/mm_ser_config.inl"
#endif
