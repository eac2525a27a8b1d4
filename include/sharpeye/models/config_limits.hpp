#pragma once

/// @file
/// What configuration values have in common: their bounds, and Hugging Face's names of activation functions.

#include <string>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The activation that `key` names: "relu", "gelu" (exact) or "quick_gelu". @throws Error kConfig
inline Activation read_activation(const JsonReader& json, const std::string& key, const char* fallback) {
  const std::string name = json.one_of(key, {"relu", "gelu", "quick_gelu"}, std::string(fallback));
  if (name == "relu") return Activation::kRelu;
  return name == "gelu" ? Activation::kGelu : Activation::kQuickGelu;
}

/// Attention heads must share the width evenly. @throws Error kConfig naming `where`
inline void check_heads(Index hidden_size, Index num_heads, const std::string& where) {
  require(hidden_size % num_heads == 0, ErrorCode::kConfig, where, ": expected a divisor of hidden_size ", hidden_size,
          ", actual ", num_heads);
}

/// Bounds of configuration values; a file beyond them is refused before anything is allocated.
inline constexpr Index kMaxHiddenSize = 65536;
inline constexpr Index kMaxIntermediateSize = 4 * kMaxHiddenSize;
inline constexpr Index kMaxLayers = 512;
inline constexpr Index kMaxVocabSize = Index{1} << 21;
inline constexpr Index kMaxPositions = Index{1} << 17;
inline constexpr Index kMaxImageSize = 4096;
inline constexpr Index kMaxPatches = Index{1} << 16;

SHARPEYE_NAMESPACE_END
