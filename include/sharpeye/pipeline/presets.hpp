#pragma once

/// @file
/// Configurations by name, to begin a model with random weights, and a built-in tokenizer.

#include <string>
#include <vector>

#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The two files of a tokenizer, and what they say.
struct TokenizerFiles {
  std::string vocab_json;
  std::string merges_txt;
  BpeTokenizer tokenizer;

  /// Those of `folder`, or where it is empty a built-in one: the 256 bytes, four special tokens, no merges.
  /// @throws Error as BpeTokenizer::load()
  static TokenizerFiles load(const std::string& folder);
};

/// All settings of a model directory.
struct Preset {
  MmSerConfig config;
  PreprocessorConfig preprocessor;
  GenerationConfig generation;
};

/// "mm-ser-125m" (the paper's sizes), "llava-1.5-7b" (its yardstick, one glance), others with the sizes of public
/// checkpoints of one glance, "demo" (a second on one core), "tiny" and "tiny-llava" (tests).
const std::vector<std::string>& preset_names();

/// @throws Error kInvalidArgument for an unknown name, and for a tokenizer with more tokens than the preset's
/// vocabulary.
Preset make_preset(const std::string& name, const Tokenizer& tokenizer);

const std::vector<std::string>& variant_names();

/// Turns a configuration of two glances into one of the paper's ablations.
void apply_variant(MmSerConfig& config, const std::string& name);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/presets.inl"
#endif
