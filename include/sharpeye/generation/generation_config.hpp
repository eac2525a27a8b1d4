#pragma once

/// @file
/// How text is generated: Hugging Face's `generation_config.json`, by its keys.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sharpeye/io/json_reader.hpp"

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

  /// @throws Error kConfig naming the key.
  static GenerationConfig from_json(const JsonReader& json, Index vocab_size) {
    constexpr Index kAny = std::numeric_limits<std::int32_t>::max();  // check() knows the ranges
    constexpr double kAnyNumber = std::numeric_limits<double>::max();
    GenerationConfig config;
    config.num_beams = json.integer("num_beams", -kAny, kAny, config.num_beams);
    config.max_new_tokens = json.integer("max_new_tokens", -kAny, kAny, config.max_new_tokens);
    config.min_new_tokens = json.integer("min_new_tokens", -kAny, kAny, config.min_new_tokens);
    config.do_sample = json.boolean("do_sample", config.do_sample);
    config.temperature = json.number("temperature", -kAnyNumber, kAnyNumber, config.temperature);
    config.top_k = json.integer("top_k", -kAny, kAny, config.top_k);
    config.top_p = json.number("top_p", -kAnyNumber, kAnyNumber, config.top_p);
    config.repetition_penalty = json.number("repetition_penalty", -kAnyNumber, kAnyNumber, config.repetition_penalty);
    config.no_repeat_ngram_size = json.integer("no_repeat_ngram_size", -kAny, kAny, config.no_repeat_ngram_size);
    config.length_penalty = json.number("length_penalty", -kAnyNumber, kAnyNumber, config.length_penalty);
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
    check(config, json.where(""));
    return config;
  }

  /// Every range, whoever filled the settings in.
  /// @param where begins the message. @throws Error kConfig naming the key.
  friend void check(const GenerationConfig& config, const std::string& where) {
    const auto within = [&](const char* key, auto value, auto min, auto max) {
      require(value >= min && value <= max, ErrorCode::kConfig, where, key, ": expected ", min, " to ", max,
              ", actual ", value);
    };
    constexpr Index kMaxTokens = Index{1} << 17;
    constexpr Index kMaxVocab = Index{1} << 21;
    within("num_beams", config.num_beams, Index{1}, Index{64});
    within("max_new_tokens", config.max_new_tokens, Index{1}, kMaxTokens);
    within("min_new_tokens", config.min_new_tokens, Index{0}, kMaxTokens);
    within("temperature", config.temperature, 1e-4, 1e4);
    within("top_k", config.top_k, Index{0}, kMaxVocab);
    within("top_p", config.top_p, 0.0, 1.0);
    within("repetition_penalty", config.repetition_penalty, 1e-4, 1e4);
    within("no_repeat_ngram_size", config.no_repeat_ngram_size, Index{0}, Index{1024});
    within("length_penalty", config.length_penalty, -100.0, 100.0);
    require(!config.do_sample || config.num_beams == 1, ErrorCode::kConfig, where,
            "num_beams: expected 1 with do_sample, actual ", config.num_beams);
    for (const std::int32_t id : config.eos_token_ids) {
      within("eos_token_id", Index{id}, Index{0}, (config.num_tokens > 0 ? config.num_tokens : kMaxVocab) - 1);
    }
    for (const std::string& text : config.stop_strings) {
      require(!text.empty(), ErrorCode::kConfig, where, "stop_strings: expected texts, actual an empty one");
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
