#pragma once

/// @file
/// Packing weights into micro-panels of B, and finding the steps of k that a product may leave out.

#include <algorithm>
#include <cstdint>

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

/// Packs integers W [n, k], row-major, in [-kByteLimit, kByteLimit] as PackedWeights of I8; panel_bytes() for each
/// panel.
void pack_bytes(Index n, Index k, const std::int8_t* rows, std::uint8_t* packed);

/// Packs integers W [n, k], row-major, k a multiple of kGroup, as PackedWeights of 4 bits.
/// @param rows [n, k / 2] two numbers a byte, the earlier one in the lower half, each with kNibbleOffset added
/// @param scales [n, k / kGroup]
void pack_nibbles(Index n, Index k, const std::uint8_t* rows, const float* scales, std::uint8_t* packed);

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
