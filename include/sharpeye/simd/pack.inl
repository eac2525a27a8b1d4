#pragma once

/// @file
/// Bodies of pack.hpp.

#include "sharpeye/simd/pack.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_BODY void unpack_row(const PackedWeights& weights, Index row, float* out) {
  const auto* panel = static_cast<const std::uint8_t*>(weights.data) + row / kNR * weights.panel_bytes();
  const Index column = row % kNR;
  for (Index i = 0; i < weights.k; ++i) {
    if (weights.format == WeightFormat::kInt8) {
      const Index at = i / 4 * 4 * kNR + column * 4 + i % 4;
      out[i] = static_cast<float>(panel[at] - kByteOffset) * weights.scales[row];
      continue;
    }
    const std::uint8_t* group = panel + i / kGroup * kGroupBytes;
    float16 scale;
    std::memcpy(&scale, group + 2 * column, sizeof scale);
    const Index at = 2 * kNR + i % kGroup / 8 * 4 * kNR + column * 4 + i % 4;
    const int number = (i % 8 < 4 ? group[at] & 15 : group[at] >> 4) - kNibbleOffset;
    out[i] = static_cast<float>(number) * static_cast<float>(scale);
  }
}

SHARPEYE_BODY LiveSteps find_live_steps(Index m, Index k, const float* a, Index lda, std::int32_t* begins) {
  Index size = 0;
  const Index most = k / kSkipSteps / 2;
  for (Index i = 0; i + kSkipSteps <= k; i += kSkipSteps) {
    std::uint32_t bits = 0;
    for (Index r = 0; r < m; ++r) {
      std::uint32_t steps[kSkipSteps];
      std::memcpy(steps, a + r * lda + i, sizeof steps);
      for (const std::uint32_t step : steps) bits |= step;
    }
    if ((bits & 0x7fffffff) == 0) continue;  // without the sign: -0 is zero too
    if (size == most) return {};
    begins[size++] = static_cast<std::int32_t>(i);
  }
  return {begins, size};
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
