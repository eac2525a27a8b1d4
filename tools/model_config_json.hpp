#pragma once

/// @file
/// The JSON files of a model directory, written: the inverse of the from_json functions. Every key that they read is
/// here, and tests/tools checks that.

#include "sharpeye/pipeline/caption_model.hpp"

namespace tool {

using namespace sharpeye;

/// JSON whose keys stay in the order of writing.
using Json = Json;

namespace detail {

inline const char* to_text(Activation activation) {
  return activation == Activation::kRelu ? "relu" : activation == Activation::kGelu ? "gelu" : "quick_gelu";
}
inline const char* to_text(PositionKind kind) {
  return kind == PositionKind::kNone ? "none" : kind == PositionKind::kLearned ? "learned" : "sine_2d";
}
inline const char* to_text(nn::NormPlacement placement) {
  return placement == nn::NormPlacement::kPre ? "pre" : "post";
}
inline const char* to_text(SerConnectorConfig::Output output) {
  switch (output) {
    case SerConnectorConfig::Output::kVisual: return "visual";
    case SerConnectorConfig::Output::kVisualAndText: return "visual_and_text";
    case SerConnectorConfig::Output::kQueries: return "queries";
    case SerConnectorConfig::Output::kQueriesAndText: return "queries_and_text";
  }
  return "";
}
inline std::string to_text(const MlpType& type) {
  const std::string depth = "mlp" + std::to_string(type.depth) + "x_";
  return depth + (type.expansion == 0 ? "gelu" : "bott" + std::to_string(type.expansion) + "x_gelu");
}

inline Json to_json(const ClipVisionConfig& config) {
  return {{"model_type", "clip_vision_model"},
          {"hidden_size", config.hidden_size},
          {"intermediate_size", config.intermediate_size},
          {"num_hidden_layers", config.num_hidden_layers},
          {"num_attention_heads", config.num_attention_heads},
          {"image_size", config.image_size},
          {"patch_size", config.patch_size},
          {"num_channels", 3},
          {"hidden_act", to_text(config.hidden_act)},
          {"layer_norm_eps", config.layer_norm_eps}};
}

inline Json to_json(const OptConfig& config) {
  return {{"model_type", "opt"},
          {"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"num_hidden_layers", config.num_hidden_layers},
          {"ffn_dim", config.ffn_dim},
          {"num_attention_heads", config.num_attention_heads},
          {"max_position_embeddings", config.max_position_embeddings},
          {"word_embed_proj_dim", config.word_embed_proj_dim},
          {"do_layer_norm_before", config.do_layer_norm_before},
          {"_remove_final_layer_norm", config.remove_final_layer_norm},
          {"layer_norm_elementwise_affine", true},
          {"activation_function", to_text(config.activation_function)},
          {"enable_bias", config.enable_bias},
          {"tie_word_embeddings", config.tie_word_embeddings},
          {"bos_token_id", config.bos_token_id},
          {"eos_token_id", config.eos_token_id},
          {"pad_token_id", config.pad_token_id}};
}

inline Json to_json(const SerConnectorConfig& config) {
  std::vector<Index> layers = config.vision_feature_layers;
  for (Index& layer : layers) layer += config.layer_index_base;
  return {
      {"variant", config.variant == SerConnectorConfig::Variant::kQueryDecoder ? "query_decoder" : "self_attention"},
      {"vision_feature_layers", layers},
      {"layer_index_base", config.layer_index_base},
      {"feature_concat", config.feature_concat == FeatureConcat::kToken ? "token" : "channel"},
      {"hidden_size", config.hidden_size},
      {"num_hidden_layers", config.num_hidden_layers},
      {"num_attention_heads", config.num_attention_heads},
      {"intermediate_size", config.intermediate_size},
      {"hidden_act", to_text(config.hidden_act)},
      {"layer_norm_eps", config.layer_norm_eps},
      {"norm_placement", to_text(config.norm_placement)},
      {"final_layer_norm", config.final_layer_norm},
      {"visual_projector", to_text(config.visual_projector)},
      {"text_projector", to_text(config.text_projector)},
      {"visual_position_embedding", to_text(config.visual_position_embedding)},
      {"text_position_embedding", to_text(config.text_position_embedding)},
      {"type_embedding", config.type_embedding},
      {"level_embedding", config.level_embedding},
      {"caption_embedding", config.own_caption_embedding ? "own" : "language_model"},
      {"caption_bos", config.caption_bos},
      {"max_caption_tokens", config.max_caption_tokens},
      {"output", to_text(config.output)},
      {"use_caption", config.use_caption},
      {"use_features", config.use_features},
      {"num_queries", config.num_queries}};
}

}  // namespace detail

/// `config.json`. Layers of `ser_connector` must be Hugging Face's non-negative indices, as MmSerConfig::from_json
/// leaves them.
inline Json to_json(const MmSerConfig& config) {
  Json json{{"model_type", "mm-ser"},
            {"vision_config", detail::to_json(config.vision_config)},
            {"text_config", detail::to_json(config.text_config)},
            {"connector",
             {{"type", detail::to_text(config.connector.type)},
              {"vision_feature_layers", config.connector.vision_feature_layers}}}};
  if (config.ser_connector) json["ser_connector"] = detail::to_json(*config.ser_connector);
  json["prompts"] = {{"initial", config.initial_prompt}, {"refine", config.refine_prompt}};
  json["rounds"] = config.rounds;
  json["refine_language_model"] = config.own_refine_language_model ? "own" : "shared";
  return json;
}

/// `preprocessor_config.json`.
inline Json to_json(const PreprocessorConfig& config) {
  const ImageProcessorConfig& processor = config.processor;
  const Index size = processor.image_size;
  const char* aspect = processor.aspect == Aspect::kPad ? "pad" : processor.aspect == Aspect::kCrop ? "crop" : "squash";
  return {{"image_processor_type", "CLIPImageProcessor"},
          {"aspect", aspect},
          {"size", {{"shortest_edge", size}}},
          {"crop_size", {{"height", size}, {"width", size}}},
          {"resample", 3},
          {"do_resize", true},
          {"do_rescale", true},
          {"do_normalize", true},
          {"rescale_factor", processor.rescale_factor},
          {"image_mean", processor.mean},
          {"image_std", processor.std},
          {"apply_exif", processor.apply_exif}};
}

/// `generation_config.json`.
inline Json to_json(const GenerationConfig& config) {
  Json early_stopping = config.early_stopping == EarlyStopping::kTrue;
  if (config.early_stopping == EarlyStopping::kNever) early_stopping = "never";
  return {{"num_beams", config.num_beams},
          {"do_sample", config.do_sample},
          {"max_new_tokens", config.max_new_tokens},
          {"min_new_tokens", config.min_new_tokens},
          {"length_penalty", config.length_penalty},
          {"early_stopping", early_stopping},
          {"no_repeat_ngram_size", config.no_repeat_ngram_size},
          {"repetition_penalty", config.repetition_penalty},
          {"temperature", config.temperature},
          {"top_k", config.top_k},
          {"top_p", config.top_p},
          {"eos_token_id", config.eos_token_ids},
          {"stop_strings", config.stop_strings}};
}

}  // namespace tool
