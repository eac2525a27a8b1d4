#pragma once

/// @file
/// How text is generated: Hugging Face's `generation_config.json`, by its keys.

#include <cstdint>
#include <string>
#include <vector>

#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// When beam search ends although a running beam might still become better.
enum class EarlyStopping {
  kFalse,  ///< when no running beam, scored at its present length, can beat the worst finished one
  kTrue,   ///< as soon as num_beams sequences are finished
  kNever,  ///< when no running beam can beat the worst finished one at any length
};

/// Settings of one generation. The defaults are the authors' (paper.md 1.6).
struct GenerationConfig {
  Index num_beams = 3;  ///< 1: greedy, or sampling
  Index max_new_tokens = 77;
  Index min_new_tokens = 0;  ///< no end token before so many others
  bool do_sample = false;    ///< draw from the distribution (num_beams must be 1)
  double temperature = 1;
  Index top_k = 50;  ///< sampling: only the k likeliest; 0: all
  double top_p = 1;  ///< sampling: only the likeliest that together reach p
  std::uint64_t seed = 0;
  double repetition_penalty = 1;
  Index no_repeat_ngram_size = 0;  ///< 0: off
  double length_penalty = 0;       ///< beams: final score = log-probability / length^length_penalty
  EarlyStopping early_stopping = EarlyStopping::kTrue;
  std::vector<std::int32_t> eos_token_ids{2};
  std::vector<std::string> stop_strings;  ///< text ends where one of these begins
  Index num_tokens = 0;  ///< ids from here on are padding of the vocabulary and never produced; 0: no such ids

  /// @param vocab_size bounds the end tokens. @throws Error kConfig naming the key.
  static GenerationConfig from_json(const JsonReader& json, Index vocab_size) {
    GenerationConfig config;
    config.num_beams = json.integer("num_beams", 1, 64, config.num_beams);
    config.max_new_tokens = json.integer("max_new_tokens", 1, Index{1} << 17, config.max_new_tokens);
    config.min_new_tokens = json.integer("min_new_tokens", 0, Index{1} << 17, config.min_new_tokens);
    config.do_sample = json.boolean("do_sample", config.do_sample);
    config.temperature = json.number("temperature", 1e-4, 1e4, config.temperature);
    config.top_k = json.integer("top_k", 0, vocab_size, std::min<Index>(config.top_k, vocab_size));
    config.top_p = json.number("top_p", 0, 1, config.top_p);
    config.repetition_penalty = json.number("repetition_penalty", 1e-4, 1e4, config.repetition_penalty);
    config.no_repeat_ngram_size = json.integer("no_repeat_ngram_size", 0, 1024, config.no_repeat_ngram_size);
    config.length_penalty = json.number("length_penalty", -100, 100, config.length_penalty);
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
    if (json.has("stop_strings")) config.stop_strings = json.texts("stop_strings");
    check(config, json.where("generation"));
    return config;
  }

  /// What no single key can say. @throws Error kConfig
  friend void check(const GenerationConfig& config, const std::string& where) {
    require(!config.do_sample || config.num_beams == 1, ErrorCode::kConfig, where,
            ": expected num_beams 1 with do_sample, actual ", config.num_beams);
    require(config.num_beams >= 1 && config.max_new_tokens >= 1, ErrorCode::kConfig, where,
            ": expected num_beams and max_new_tokens of at least 1, actual ", config.num_beams, " and ",
            config.max_new_tokens);
    for (const std::string& text : config.stop_strings) {
      require(!text.empty(), ErrorCode::kConfig, where, ": expected stop_strings that are not empty");
    }
  }

  bool is_eos(std::int32_t id) const {
    for (const std::int32_t eos : eos_token_ids) {
      if (id == eos) return true;
    }
    return false;
  }
};

SHARPEYE_NAMESPACE_END
