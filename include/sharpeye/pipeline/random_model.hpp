#pragma once

/// @file
/// Complete model directories with random weights.

#include <cstdint>
#include <functional>
#include <string>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

class TensorSource;
class WeightCodec;
struct Preset;
struct TokenizerFiles;

/// What the weights of a new model are.
struct RandomModelOptions {
  const WeightCodec* format = nullptr;  ///< as quantize_model() would store them; null: f32
  std::uint64_t seed = 0;               ///< see initial_values()
  const TensorSource* known = nullptr;  ///< gives tensors whose name and shape are the same; formats of floats only
  std::function<bool()> is_cancelled = {};
};

/// Makes `folder` a model directory. One tensor at a time is in memory; config.json comes last.
/// @throws Error kFileAccess, kCancelled
void write_random_model(const std::string& folder, const Preset& preset, const TokenizerFiles& tokenizer,
                        const RandomModelOptions& options);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/random_model.inl"
#endif
