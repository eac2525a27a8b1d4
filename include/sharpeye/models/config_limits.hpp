#pragma once

/// @file
/// What configuration values have in common: their bounds, and the names of activation functions.

#include <string>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/activations.hpp"

SHARPEYE_NAMESPACE_BEGIN

using simd::Activation;

/// Bounds of configuration values; a file beyond them is refused before anything is allocated.
inline constexpr Index kMaxHiddenSize = 65536;
inline constexpr Index kMaxIntermediateSize = 4 * kMaxHiddenSize;
inline constexpr Index kMaxLayers = 512;
inline constexpr Index kMaxVocabSize = Index{1} << 21;
inline constexpr Index kMaxPositions = Index{1} << 17;
inline constexpr Index kMaxImageSize = 4096;
inline constexpr Index kMaxPatches = Index{1} << 16;

/// Attention heads must share the width evenly. @throws Error kConfig naming `where`
inline void check_heads(Index hidden_size, Index num_heads, const std::string& where) {
  require(num_heads > 0 && hidden_size % num_heads == 0, ErrorCode::kConfig, where,
          ": expected a divisor of hidden_size ", hidden_size, ", actual ", num_heads);
}

SHARPEYE_NAMESPACE_END
