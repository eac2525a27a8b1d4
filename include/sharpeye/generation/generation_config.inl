#pragma once

/// @file
/// Bodies of generation_config.hpp.

#include "sharpeye/generation/generation_config.hpp"

#include <algorithm>

#include "sharpeye/io/config_fields.hpp"

SHARPEYE_NAMESPACE_BEGIN

// Beside these stand `early_stopping` and `eos_token_id`, which may be one thing or another.
template <class Fields>
void list_fields(GenerationConfig& config, Fields& fields) {
  constexpr Index kMaxTokens = Index{1} << 17, kMaxVocab = Index{1} << 21;
  fields.integer("num_beams", config.num_beams, 1, 64);
  fields.boolean("do_sample", config.do_sample);
  fields.integer("max_new_tokens", config.max_new_tokens, 1, kMaxTokens);
  fields.integer("min_new_tokens", config.min_new_tokens, 0, kMaxTokens);
  fields.number("length_penalty", config.length_penalty, -100, 100);
  fields.integer("no_repeat_ngram_size", config.no_repeat_ngram_size, 0, 1024);
  fields.number("repetition_penalty", config.repetition_penalty, 1e-4, 1e4);
  fields.number("temperature", config.temperature, 1e-4, 1e4);
  fields.integer("top_k", config.top_k, 0, kMaxVocab);
  fields.number("top_p", config.top_p, 0, 1);
  fields.texts("stop_strings", config.stop_strings);
}

namespace detail {

/// Checks fields as they stand in memory.
class CheckFields {
 public:
  explicit CheckFields(const std::string& where) : where_(where) {}

  void integer(const char* key, Index value, Index min, Index max) const { within(key, value, min, max); }
  void number(const char* key, double value, double min, double max) const { within(key, value, min, max); }
  void boolean(const char*, bool) const {}
  void texts(const char* key, const std::vector<std::string>& values) const {
    for (const std::string& text : values) {
      require(!text.empty(), ErrorCode::kConfig, where_, key, ": expected texts, actual an empty one");
    }
  }

 private:
  template <class Number>
  void within(const char* key, Number value, Number min, Number max) const {
    require(value >= min && value <= max, ErrorCode::kConfig, where_, key, ": expected ", min, " to ", max, ", actual ",
            value);
  }

  const std::string& where_;
};

/// Hugging Face's keys that change the text and are not supported, with the value that means "off".
inline std::vector<std::pair<const char*, Json>> keys_not_carried_out() {
  return {{"num_beam_groups", 1},
          {"diversity_penalty", 0.0},
          {"penalty_alpha", 0.0},
          {"typical_p", 1.0},
          {"min_p", 0.0},
          {"top_h", 1.0},
          {"epsilon_cutoff", 0.0},
          {"eta_cutoff", 0.0},
          {"guidance_scale", 1.0},
          {"encoder_repetition_penalty", 1.0},
          {"exponential_decay_length_penalty", nullptr},
          {"encoder_no_repeat_ngram_size", 0},
          {"suppress_tokens", Json::list()},
          {"begin_suppress_tokens", Json::list()},
          {"bad_words_ids", Json::list()},
          {"force_words_ids", Json::list()},
          {"constraints", Json::list()},
          {"sequence_bias", Json::object()},
          {"forced_bos_token_id", nullptr},
          {"forced_eos_token_id", nullptr},
          {"renormalize_logits", false},
          {"num_return_sequences", 1},
          {"watermarking_config", nullptr},
          {"dola_layers", nullptr},
          {"max_time", nullptr},
          {"token_healing", false}};
}

}  // namespace detail

SHARPEYE_BODY GenerationConfig GenerationConfig::from_json(const JsonReader& json, Index vocab_size) {
  GenerationConfig config;
  read_fields(json, config);
  if (json.is_text("early_stopping")) {
    json.one_of("early_stopping", {"never"});
    config.early_stopping = EarlyStopping::kNever;
  } else {
    config.early_stopping = json.boolean("early_stopping", true) ? EarlyStopping::kTrue : EarlyStopping::kFalse;
  }
  if (json.is_list("eos_token_id")) {
    config.eos_token_ids.clear();
    for (const Index id : json.integers("eos_token_id", 0, vocab_size - 1)) {
      config.eos_token_ids.push_back(static_cast<std::int32_t>(id));
    }
  } else {
    config.eos_token_ids = {static_cast<std::int32_t>(json.integer("eos_token_id", 0, vocab_size - 1, 2))};
  }
  for (const auto& [key, off] : detail::keys_not_carried_out()) {
    require(!json.has(key) || json.value(key) == off, ErrorCode::kUnsupported, json.where(key), ": expected ",
            off.dump(), " or nothing, for sharpeye does not carry it out, actual ",
            json.has(key) ? json.value(key).dump() : "");
  }
  // Lengths that count the prompt mean nothing here, where most of it is the image.
  for (const auto& [whole, fresh] : {std::pair("max_length", "max_new_tokens"), {"min_length", "min_new_tokens"}}) {
    const bool is_off = whole == std::string("min_length") && json.has(whole) && json.value(whole) == 0;
    require(!json.has(whole) || json.has(fresh) || is_off, ErrorCode::kUnsupported, json.where(whole), ": expected ",
            fresh, ", for lengths are counted without the prompt");
  }
  std::vector<std::string> ours = field_names(config);
  ours.insert(ours.end(), {"early_stopping", "eos_token_id", "refine"});
  // Others of Hugging Face's that resemble them.
  ours.insert(ours.end(), {"bos_token_id", "pad_token_id", "num_assistant_tokens"});
  for (const auto& [key, off] : detail::keys_not_carried_out()) ours.push_back(key);
  for (const std::string& key : json.keys()) {
    const bool is_misspelt =
        std::find(ours.begin(), ours.end(), key) == ours.end() && edit_distance(key, nearest_name(key, ours)) <= 2;
    require(!is_misspelt, ErrorCode::kConfig, json.where(key), ": expected a key of generation",
            did_you_mean(key, ours));
  }
  check(config, json.where(""));
  return config;
}

SHARPEYE_BODY Json GenerationConfig::to_json() const {
  Json json = fields_to_json(*this);
  json["early_stopping"] =
      early_stopping == EarlyStopping::kNever ? Json("never") : Json(early_stopping == EarlyStopping::kTrue);
  json["eos_token_id"] = eos_token_ids;
  return json;
}

SHARPEYE_BODY bool GenerationConfig::is_eos(std::int32_t id) const {
  return std::find(eos_token_ids.begin(), eos_token_ids.end(), id) != eos_token_ids.end();
}

SHARPEYE_BODY void check(const GenerationConfig& config, const std::string& where) {
  detail::CheckFields fields(where);
  GenerationConfig copy = config;
  list_fields(copy, fields);
  require(!config.do_sample || config.num_beams == 1, ErrorCode::kConfig, where,
          "num_beams: expected 1 with do_sample, actual ", config.num_beams);
  const Index last = (config.num_tokens > 0 ? config.num_tokens : Index{1} << 21) - 1;
  for (const std::int32_t id : config.eos_token_ids) {
    require(id >= 0 && id <= last, ErrorCode::kConfig, where, "eos_token_id: expected 0 to ", last, ", actual ", id);
  }
}

SHARPEYE_NAMESPACE_END
