#pragma once

/// @file
/// Bodies of presets.hpp.

#include "sharpeye/pipeline/presets.hpp"

#include <algorithm>
#include <iterator>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_trainer.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline MmSerConfig mm_ser_preset() {
  MmSerConfig config;
  config.ser_connector.emplace();
  return config;
}

inline MmSerConfig demo_preset() {
  MmSerConfig config;
  config.ser_connector.emplace();
  config.vision_config = ClipVisionConfig{128, 512, 6, 4, 64, 8, Activation::kQuickGelu, 1e-5};
  config.connector = {{2, 0}, {5}};
  auto& text = config.text_config.as<OptConfig>();
  text.hidden_size = text.word_embed_proj_dim = 128;
  text.num_hidden_layers = 4;
  text.num_attention_heads = 4;
  text.ffn_dim = 512;
  text.max_position_embeddings = 512;
  SerConnectorConfig& ser = *config.ser_connector;
  ser.vision_feature_layers = {2, 4, 5};
  ser.hidden_size = 128;
  ser.num_hidden_layers = 2;
  ser.norm_placement = NormPlacement::kPre;  // trains in fewer steps, and can begin as the first glance
  ser.num_attention_heads = 4;
  ser.intermediate_size = 512;
  config.initial_prompt = "<image>:";
  config.refine_prompt = "<image>{initial} :";
  return config;
}

inline MmSerConfig tiny_preset() {
  MmSerConfig config;
  config.ser_connector.emplace();
  config.vision_config = ClipVisionConfig{32, 64, 4, 4, 32, 8, Activation::kQuickGelu, 1e-5};
  config.connector.vision_feature_layers = {3};
  auto& text = config.text_config.as<OptConfig>();
  text.hidden_size = text.word_embed_proj_dim = 32;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 4;
  text.ffn_dim = 64;
  text.max_position_embeddings = 512;
  SerConnectorConfig& ser = *config.ser_connector;
  ser.vision_feature_layers = {1, 2, 3};
  ser.hidden_size = 32;
  ser.num_hidden_layers = 1;
  ser.num_attention_heads = 4;
  ser.intermediate_size = 64;
  ser.max_caption_tokens = 64;
  return config;
}

/// A small model of llava-interleave-qwen's form: SigLIP, all tokens of its last layer, Qwen2, one glance.
inline MmSerConfig tiny_llava_preset() {
  MmSerConfig config;
  SiglipVisionConfig vision;
  vision.hidden_size = 64;
  vision.intermediate_size = 256;
  vision.num_hidden_layers = 4;
  vision.num_attention_heads = 4;
  vision.image_size = 64;
  vision.patch_size = 8;
  config.vision_config = vision;
  config.connector = {{2, 0}, {4}, FeatureSelect::kFull};
  Qwen2Config text;
  text.hidden_size = 64;
  text.intermediate_size = 192;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 4;
  text.num_key_value_heads = 2;
  text.head_dim = 16;
  text.max_position_embeddings = 512;
  text.tie_word_embeddings = true;
  config.text_config = text;
  config.initial_prompt = "<image>:";
  return config;
}

/// microsoft/git-base-coco's sizes.
inline MmSerConfig git_preset() {
  MmSerConfig config;
  const GitVisionConfig vision;
  config.vision_config = vision;
  config.connector.type = MlpType{1, 0, true};
  config.connector.vision_feature_layers = {vision.num_hidden_layers};
  config.connector.select = FeatureSelect::kFull;
  config.text_config = GitTextConfig();
  config.initial_prompt = "<image>";
  return config;
}

/// HuggingFaceTB/SmolVLM-256M-Instruct's sizes, for one view of the image: 64 visual tokens.
inline MmSerConfig smolvlm_preset() {
  MmSerConfig config;
  Idefics3VisionConfig vision;
  vision.hidden_size = 768;
  vision.image_size = 512;
  vision.patch_size = 16;
  vision.num_attention_heads = 12;
  config.vision_config = vision;
  config.connector.type = {1, 0};
  config.connector.bias = false;
  config.connector.vision_feature_layers = {vision.num_hidden_layers};
  config.connector.pixel_shuffle = 4;
  LlamaConfig text;
  text.vocab_size = 49280;
  text.hidden_size = 576;
  text.intermediate_size = 1536;
  text.num_hidden_layers = 30;
  text.num_attention_heads = 9;
  text.num_key_value_heads = 3;
  text.head_dim = 64;
  text.max_position_embeddings = 8192;
  text.rms_norm_eps = 1e-5;
  text.rope_theta = 100000;
  config.text_config = text;
  config.initial_prompt = "User:<image>Describe it.\nAssistant:";
  return config;
}

/// llava-hf/llava-1.5-7b-hf, which the paper measures against.
inline MmSerConfig llava_preset() {
  MmSerConfig config;
  config.connector = {{2, 0}, {23}};
  LlamaConfig text;
  text.vocab_size = 32064;
  text.rms_norm_eps = 1e-5;
  text.max_position_embeddings = 4096;
  config.text_config = text;
  return config;
}

/// llava-hf/llava-1.5-13b-hf.
inline MmSerConfig llava_13b_preset() {
  MmSerConfig config = llava_preset();
  auto& text = config.text_config.as<LlamaConfig>();
  text.hidden_size = 5120;
  text.intermediate_size = 13824;
  text.num_hidden_layers = text.num_attention_heads = text.num_key_value_heads = 40;
  return config;
}

struct NamedPreset {
  const char* name;
  MmSerConfig (*config)();
  bool has_vocabulary;  ///< of published size; else as large as the tokenizer
};

inline constexpr NamedPreset kPresets[] = {
    {"demo", demo_preset, false},
    {"git-base", git_preset, true},
    {"llava-1.5-13b", llava_13b_preset, true},
    {"llava-1.5-7b", llava_preset, true},
    {"mm-ser-125m", mm_ser_preset, true},
    {"smolvlm-256m", smolvlm_preset, true},
    {"tiny", tiny_preset, false},
    {"tiny-llava", tiny_llava_preset, false},
};

}  // namespace detail

SHARPEYE_BODY TokenizerFiles TokenizerFiles::load(const std::string& folder) {
  const bool is_built_in = folder.empty();
  const TrainedBpe built_in = BpeTrainer().train();  // on nothing
  std::string vocab = is_built_in ? built_in.vocab_json() : read_file(folder + "/vocab.json", kTokenizerFileLimit);
  std::string merges = is_built_in ? built_in.merges_txt() : read_file(folder + "/merges.txt", kTokenizerFileLimit);
  BpeTokenizer tokenizer(vocab, merges, {}, folder + "/vocab.json", folder + "/merges.txt");
  return {std::move(vocab), std::move(merges), std::move(tokenizer)};
}

SHARPEYE_BODY const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const detail::NamedPreset& preset : detail::kPresets) all.emplace_back(preset.name);
    return all;
  }();
  return names;
}

SHARPEYE_BODY Preset make_preset(const std::string& name, const Tokenizer& tokenizer) {
  const auto known = std::find_if(std::begin(detail::kPresets), std::end(detail::kPresets),
                                  [&](const detail::NamedPreset& one) { return one.name == name; });
  require(known != std::end(detail::kPresets), ErrorCode::kInvalidArgument, "preset: unknown name ", name);
  Preset preset;
  MmSerConfig& config = preset.config;
  config = known->config();
  std::visit(
      [&](auto& text) {
        if (!known->has_vocabulary) text.vocab_size = tokenizer.vocab_size();
        text.bos_token_id = tokenizer.bos_id();
        text.eos_token_id = tokenizer.eos_id();
        text.pad_token_id = tokenizer.pad_id();
      },
      config.text_config.any);
  require(tokenizer.vocab_size() <= config.text_config.vocab_size(), ErrorCode::kInvalidArgument,
          "tokenizer: expected at most ", config.text_config.vocab_size(), " tokens for preset ", name, ", actual ",
          tokenizer.vocab_size());
  preset.preprocessor.processor.image_size = config.vision_config.image_size();
  preset.generation.eos_token_ids = {tokenizer.eos_id()};
  return preset;
}

SHARPEYE_BODY const std::vector<std::string>& variant_names() {
  static const std::vector<std::string> names{"two-glances",   "single-pass", "caption-only",
                                              "features-only", "queries",     "confidence"};
  return names;
}

SHARPEYE_BODY void apply_variant(MmSerConfig& config, const std::string& name) {
  require(config.ser_connector || name == variant_names().front(), ErrorCode::kInvalidArgument,
          "variant: expected a model of two glances for ", name, ", actual one of one glance");
  if (name == "single-pass") {
    config.connector.vision_feature_layers = config.ser_connector->vision_feature_layers;
    config.ser_connector.reset();
  } else if (name == "caption-only") {
    config.ser_connector->use_features = false;
  } else if (name == "features-only") {
    config.ser_connector->use_caption = false;
    config.refine_prompt = config.initial_prompt;
  } else if (name == "confidence") {
    config.ser_connector->caption_confidence = 8;
  } else if (name == "queries") {
    const SerConnectorConfig paper = *config.ser_connector;
    config.ser_connector = SerConnectorConfig::of(SerConnectorConfig::Variant::kQueryDecoder);
    config.ser_connector->vision_feature_layers = paper.vision_feature_layers;
    config.ser_connector->hidden_size = paper.hidden_size;
    config.ser_connector->num_attention_heads = paper.num_attention_heads;
    config.ser_connector->intermediate_size = paper.intermediate_size;
  }
}

SHARPEYE_NAMESPACE_END
