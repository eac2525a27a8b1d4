#pragma once

/// @file
/// Packing weights into micro-panels of B, and finding the steps of k that a product may leave out.

#include <algorithm>
#include <cstring>

#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Packs W [n, k] into micro-panels of B of `Weight` elements (see PackedWeights); `element(row, column)` gives what to
/// store.
template <class Weight, class Element>
void pack_weights(Index n, Index k, const Element& element, Weight* packed) {
  for (Index panel = 0; panel < ceil_div(n, kNR); ++panel) {
    Weight* target = packed + panel * kNR * k;
    const Index rows = std::min(kNR, n - panel * kNR);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < rows; ++j) target[i * kNR + j] = static_cast<Weight>(element(panel * kNR + j, i));
      for (Index j = rows; j < kNR; ++j) target[i * kNR + j] = Weight{};
    }
  }
}

/// Packs integers W [n, k] in [-kByteLimit, kByteLimit] as PackedWeights of I8; panel_bytes() for each panel.
template <class Element>
void pack_bytes(Index n, Index k, const Element& element, std::uint8_t* packed) {
  const Index depth = round_up(k, 4);
  for (Index panel = 0; panel < ceil_div(n, kNR); ++panel) {
    for (Index i = 0; i < depth; ++i) {
      for (Index j = 0; j < kNR; ++j) {
        const Index row = panel * kNR + j;
        const int value = row < n && i < k ? element(row, i) : 0;
        packed[panel * kNR * depth + i / 4 * 4 * kNR + j * 4 + i % 4] = static_cast<std::uint8_t>(value + kByteOffset);
      }
    }
  }
}

/// Packs integers W [n, k] in [-kNibbleLimit, kNibbleLimit - 1], k a multiple of kGroup, as PackedWeights of U8.
/// @param scale `float16(row, group)`
template <class Element, class Scale>
void pack_nibbles(Index n, Index k, const Element& element, const Scale& scale, std::uint8_t* packed) {
  const Index groups = k / kGroup;
  for (Index panel = 0; panel < ceil_div(n, kNR); ++panel) {
    for (Index group = 0; group < groups; ++group) {
      std::uint8_t* target = packed + (panel * groups + group) * kGroupBytes;
      std::memset(target, 0, kGroupBytes);
      for (Index j = 0; j < kNR; ++j) {
        const Index row = panel * kNR + j;
        if (row >= n) continue;
        const float16 factor = scale(row, group);
        std::memcpy(target + 2 * j, &factor, sizeof factor);
        for (Index i = 0; i < kGroup; ++i) {
          const int value = element(row, group * kGroup + i) + kNibbleOffset;
          std::uint8_t& byte = target[2 * kNR + i / 8 * 4 * kNR + j * 4 + i % 4];
          byte = static_cast<std::uint8_t>(byte | (i % 8 < 4 ? value : value << 4));
        }
      }
    }
  }
}

/// Row `row` of integer weights as floats: out [k].
void unpack_row(const PackedWeights& weights, Index row, float* out);

/// The groups of steps at which some row of A [m, k] is not zero (a NaN is not). @param begins [k / kSkipSteps]
/// receives them. Where they are more than half, leaving the others out gains nothing (measured: up to about 60 %), and
/// the result stands for all.
LiveSteps find_live_steps(Index m, Index k, const float* a, Index lda, std::int32_t* begins);

}  // namespace simd
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/pack.inl"
#endif
