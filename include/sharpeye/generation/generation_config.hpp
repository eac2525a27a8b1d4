#pragma once

/// @file
/// How text is generated: Hugging Face's `generation_config.json`, by its keys.

#include <cstdint>
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

/// Settings of one generation. The defaults are the authors' (arXiv 2508.21451's code).
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

  /// The settings of `generation_config.json`. Hugging Face's keys that change the text but are not supported
  /// are errors unless they are unset; keys that do not affect the text are ignored.
  /// @throws Error kConfig naming the key, kUnsupported for a key that is not supported.
  static GenerationConfig from_json(const JsonReader& json, Index vocab_size);
  Json to_json() const;

  bool is_eos(std::int32_t id) const;
};

/// Checks every range, wherever the settings came from.
/// @param where begins the message. @throws Error kConfig naming the key.
void check(const GenerationConfig& config, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/generation_config.inl"
#endif
