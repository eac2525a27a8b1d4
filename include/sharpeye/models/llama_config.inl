#pragma once

/// @file
/// Bodies of llama_config.hpp.

#include "sharpeye/models/llama_config.hpp"

#include "sharpeye/models/config_names.hpp"
#include "sharpeye/models/config_token_ids.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A head may be this wide, and the table of angles this large: max_position_embeddings rows of head_dim numbers.
inline constexpr Index kMaxRotaryHead = 1024;
inline constexpr Index kMaxAngles = Index{1} << 24;

// Beside these stand the token ids, which may be lists, and what differs between the kinds.
template <class Fields>
void list_llama_fields(LlamaConfig& config, Fields& fields) {
  fields.integer("vocab_size", config.vocab_size, 1, kMaxVocabSize);
  fields.integer("hidden_size", config.hidden_size, 1, kMaxHiddenSize);
  fields.integer("intermediate_size", config.intermediate_size, 1, kMaxIntermediateSize);
  fields.integer("num_hidden_layers", config.num_hidden_layers, 1, kMaxLayers);
  fields.integer("num_attention_heads", config.num_attention_heads, 1, config.hidden_size);
  fields.integer("num_key_value_heads", config.num_key_value_heads, 1, config.num_attention_heads);
  fields.integer("head_dim", config.head_dim, 2, kMaxRotaryHead);
  fields.integer("max_position_embeddings", config.max_position_embeddings, 1, kMaxPositions);
  fields.number("rms_norm_eps", config.rms_norm_eps, 0, 1);
  fields.number("rope_theta", config.rope_theta, 1, 1e12);
  fields.choice("hidden_act", config.hidden_act, activation_names());
  fields.boolean("tie_word_embeddings", config.tie_word_embeddings);
}

// Below `rope_type`, `rope_theta` and `partial_rotary_factor`.
template <class Fields>
void list_scaling_fields(RotaryScaling& scaling, Fields& fields) {
  fields.number("factor", scaling.factor, 1, 1e6);
  if (scaling.kind != RotaryScaling::Kind::kLlama3) return;
  fields.number("low_freq_factor", scaling.low_frequency_factor, 1e-6, 1e6);
  fields.number("high_freq_factor", scaling.high_frequency_factor, 1e-6, 1e6);
  fields.number("original_max_position_embeddings", scaling.original_positions, 1, 1e9);
}

inline Names<RotaryScaling::Kind> rope_types() {
  using Kind = RotaryScaling::Kind;
  return {{Kind::kNone, "default"}, {Kind::kLinear, "linear"}, {Kind::kLlama3, "llama3"}};
}

/// Rotary positions as transformers 4 (`rope_scaling`) and 5 (`rope_parameters`) write them.
inline void read_rope(const JsonReader& json, LlamaConfig& config) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!json.has(key)) continue;
    const JsonReader rope = json.object(key);
    const char* type = rope.has("rope_type") ? "rope_type" : "type";
    const std::string actual = rope.text(type, "default");
    std::string known;
    RotaryScaling scaling;
    for (const auto& [kind, name] : rope_types()) {
      if (name == actual) scaling.kind = kind;
      known += (known.empty() ? "" : ", ") + in_quotes(name);
    }
    const bool is_scaled = scaling.kind != RotaryScaling::Kind::kNone;
    require(is_scaled || actual == "default", ErrorCode::kUnsupported, rope.where(type), ": expected one of ", known,
            ", actual ", in_quotes(actual));
    std::vector<std::string> keys{"rope_type", "type", "rope_theta", "partial_rotary_factor"};
    if (is_scaled) {
      keys.insert(keys.end(), {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"});
      for (const char* needed :
           {"factor", "original_max_position_embeddings"}) {  // without them: not as it was trained
        if (needed[0] == 'f' || scaling.kind == RotaryScaling::Kind::kLlama3) rope.number(needed, 1, 1e9);
      }
      ReadFields fields(rope);
      list_scaling_fields(scaling, fields);
    }
    rope.require_known_keys(keys);
    require(scaling.low_frequency_factor < scaling.high_frequency_factor, ErrorCode::kConfig,
            rope.where("high_freq_factor"), ": expected more than low_freq_factor ", scaling.low_frequency_factor,
            ", actual ", scaling.high_frequency_factor);
    rope.number("partial_rotary_factor", 1, 1, 1);
    config.rope_theta = rope.number("rope_theta", 1, 1e12, config.rope_theta);
    if (is_scaled) config.rope_scaling = scaling;
  }
}

/// `layer_types` of transformers 5: every layer sees all positions before it.
inline void check_layer_types(const JsonReader& json) {
  if (!json.has("layer_types")) return;
  for (const std::string& type : json.texts("layer_types", kMaxLayers)) {
    require(type == "full_attention", ErrorCode::kUnsupported, json.where("layer_types"),
            ": expected \"full_attention\", actual ", in_quotes(type));
  }
}

/// A configuration of either kind. @param config with the kind's defaults
template <class Config>
Config read_llama(const JsonReader& json, Config config) {
  const Index hidden_size = json.integer("hidden_size", 1, kMaxHiddenSize, config.hidden_size);
  config.num_key_value_heads = json.integer("num_attention_heads", 1, hidden_size, config.num_attention_heads);
  config.head_dim = hidden_size / config.num_key_value_heads;
  if (!json.has("head_dim")) check_heads(hidden_size, config.num_key_value_heads, json.where("num_attention_heads"));
  read_fields(json, config);
  read_rope(json, config);
  read_token_ids(json, config);
  check_layer_types(json);
  require(config.head_dim >= 2 && config.head_dim <= kMaxRotaryHead && config.head_dim % 2 == 0, ErrorCode::kConfig,
          json.where("head_dim"), ": expected an even number up to ", kMaxRotaryHead, ", actual ", config.head_dim);
  require(config.head_dim * config.max_position_embeddings <= kMaxAngles, ErrorCode::kConfig,
          json.where("max_position_embeddings"), ": expected at most ", kMaxAngles / config.head_dim, " with heads of ",
          config.head_dim, ", actual ", config.max_position_embeddings);
  require(config.num_attention_heads % config.num_key_value_heads == 0, ErrorCode::kConfig,
          json.where("num_key_value_heads"), ": expected a divisor of num_attention_heads ", config.num_attention_heads,
          ", actual ", config.num_key_value_heads);
  return config;
}

template <class Config>
Json write_llama(const Config& config) {
  Json json = fields_to_json(config);
  write_token_ids(config, json);
  if (config.rope_scaling.kind != RotaryScaling::Kind::kNone) {
    Json rope = Json::object();
    for (const auto& [kind, name] : rope_types()) {
      if (kind == config.rope_scaling.kind) rope["rope_type"] = name;
    }
    RotaryScaling scaling = config.rope_scaling;
    WriteFields fields(rope);
    list_scaling_fields(scaling, fields);
    json["rope_scaling"] = std::move(rope);
  }
  return json;
}

}  // namespace detail

template <class Fields>
void list_fields(LlamaConfig& config, Fields& fields) {
  fields.constant("model_type", LlamaConfig::kModelType);
  detail::list_llama_fields(config, fields);
  fields.boolean("attention_bias", config.qkv_bias);
  fields.boolean("mlp_bias", config.mlp_bias);
}

template <class Fields>
void list_fields(Qwen2Config& config, Fields& fields) {
  fields.constant("model_type", Qwen2Config::kModelType);
  detail::list_llama_fields(config, fields);
  fields.constant("use_sliding_window", false);
}

SHARPEYE_BODY LlamaConfig LlamaConfig::from_json(const JsonReader& json) {
  LlamaConfig config = detail::read_llama(json, LlamaConfig());
  config.output_bias = config.qkv_bias;
  return config;
}
SHARPEYE_BODY Json LlamaConfig::to_json() const {
  return detail::write_llama(*this);
}

SHARPEYE_BODY Qwen2Config Qwen2Config::from_json(const JsonReader& json) {
  return detail::read_llama(json, Qwen2Config());
}
SHARPEYE_BODY Json Qwen2Config::to_json() const {
  return detail::write_llama(*this);
}

SHARPEYE_NAMESPACE_END
