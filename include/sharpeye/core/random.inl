#pragma once

/// @file
/// Bodies of random.hpp.

#include "sharpeye/core/random.hpp"

#include <cmath>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::pair<double, double> normal_pair(std::uint64_t a, std::uint64_t b, double deviation) noexcept {
  const double radius = deviation * std::sqrt(-2 * std::log(unit_interval(a) + 0x1p-53));  // never log(0)
  const double angle = 6.283185307179586 * unit_interval(b);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

SHARPEYE_BODY std::size_t Random::weighted(const std::vector<double>& weights) noexcept {
  double left = 0;
  for (const double weight : weights) left += weight;
  left *= uniform();
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    chosen = i;  // the last possible one if rounding leaves something over
    if ((left -= weights[i]) < 0) break;
  }
  return chosen;
}

SHARPEYE_NAMESPACE_END
