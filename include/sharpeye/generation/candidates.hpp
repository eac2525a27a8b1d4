#pragma once

/// @file
/// What a step of beam search chooses from. For .inl files.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "sharpeye/generation/generation_config.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// How many candidates a step chooses from: enough for all beams where others end.
inline std::size_t num_candidates(const GenerationConfig& config) {
  return std::max<std::size_t>(2, 1 + config.eos_token_ids.size()) * static_cast<std::size_t>(config.num_beams);
}

/// The `count` largest of x[i] + offset for i < size, largest first, of equals the lowest i.
inline std::vector<std::pair<float, std::int32_t>> largest(const float* x, std::size_t size, float offset,
                                                           std::size_t count) {
  using Value = std::pair<float, std::int32_t>;
  constexpr std::size_t kBlock = 64;  // most blocks of a vocabulary have none, which takes a few instructions to see
  const auto is_larger = [](const Value& a, const Value& b) { return a.first > b.first; };
  std::vector<Value> best;
  for (std::size_t begin = 0; begin < size; begin += kBlock) {
    const std::size_t end = std::min(size, begin + kBlock);
    if (best.size() == count && end == begin + kBlock) {
      const float least = best.back().first;
      int any = 0;
      for (std::size_t i = 0; i < kBlock; ++i) any |= x[begin + i] + offset > least ? 1 : 0;
      if (any == 0) continue;
    }
    for (std::size_t i = begin; i < end; ++i) {
      const Value value{x[i] + offset, static_cast<std::int32_t>(i)};
      if (best.size() == count && !is_larger(value, best.back())) continue;
      if (best.size() == count) best.pop_back();
      best.insert(std::upper_bound(best.begin(), best.end(), value, is_larger), value);
    }
  }
  return best;
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
