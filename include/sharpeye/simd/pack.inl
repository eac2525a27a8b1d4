#pragma once

/// @file
/// Bodies of pack.hpp.

#include "sharpeye/simd/pack.hpp"

#include <cstring>

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

namespace detail {

inline std::uint32_t load_word(const void* source) noexcept {
  std::uint32_t word;
  std::memcpy(&word, source, sizeof word);
  return word;
}

/// Adds kByteOffset to each of four bytes; a carry does not reach the next one.
inline std::uint32_t offset_bytes(std::uint32_t bytes) noexcept {
  constexpr std::uint32_t kOffsets = 0x01010101u * kByteOffset;
  return ((bytes & 0x7f7f7f7f) + kOffsets) ^ (bytes & 0x80808080);
}

/// Eight numbers in turn, as rows hold them, to the pairs of a panel: 0 and 4, 1 and 5, 2 and 6, 3 and 7.
inline std::uint32_t pair_nibbles(std::uint32_t numbers) noexcept {
  const std::uint32_t early = (numbers & 0xff) | (numbers & 0xff00) << 8;
  const std::uint32_t late = (numbers >> 16 & 0xff) | (numbers >> 8 & 0xff0000);
  const std::uint32_t even = (early & 0x000f000f) | (late & 0x000f000f) << 4;
  const std::uint32_t odd = (early >> 4 & 0x000f000f) | (late & 0x00f000f0);
  return even | odd << 8;
}

}  // namespace detail

SHARPEYE_BODY void pack_bytes(Index n, Index k, const std::int8_t* rows, std::uint8_t* packed) {
  const Index whole = k / 4 * 4, panel_bytes = round_up(k, 4) * kNR;
  for (Index row = 0; row < round_up(n, kNR); ++row) {
    std::uint8_t* target = packed + row / kNR * panel_bytes + row % kNR * 4;
    const auto put = [&](Index i, std::uint32_t numbers) {
      const std::uint32_t word = detail::offset_bytes(numbers);
      std::memcpy(target + i * kNR, &word, sizeof word);
    };
    if (row >= n) {
      for (Index i = 0; i < k; i += 4) put(i, 0);
      continue;
    }
    const std::int8_t* source = rows + row * k;
    for (Index i = 0; i < whole; i += 4) put(i, detail::load_word(source + i));
    if (whole < k) {
      std::int8_t rest[4] = {};
      std::memcpy(rest, source + whole, static_cast<std::size_t>(k - whole));
      put(whole, detail::load_word(rest));
    }
  }
}

SHARPEYE_BODY void pack_nibbles(Index n, Index k, const std::uint8_t* rows, const float* scales, std::uint8_t* packed) {
  const Index groups = k / kGroup;
  for (Index panel = 0; panel < ceil_div(n, kNR); ++panel) {
    const Index first = panel * kNR, live = std::min(kNR, n - first);
    for (Index group = 0; group < groups; ++group) {
      std::uint8_t* target = packed + (panel * groups + group) * kGroupBytes;
      if (live < kNR) std::memset(target, 0, kGroupBytes);
      for (Index j = 0; j < live; ++j) {
        const float16 scale(scales[(first + j) * groups + group]);
        std::memcpy(target + 2 * j, &scale, sizeof scale);
        const std::uint8_t* source = rows + ((first + j) * groups + group) * (kGroup / 2);
        std::uint8_t* pairs = target + 2 * kNR + 4 * j;
        for (Index line = 0; line < kGroup / 8; ++line) {
          const std::uint32_t word = detail::pair_nibbles(detail::load_word(source + 4 * line));
          std::memcpy(pairs + line * 4 * kNR, &word, sizeof word);
        }
      }
    }
  }
}

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
