#pragma once

/// @file
/// The angles of rotary positions (RoFormer, arXiv 2104.09864).

#include <cmath>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Cosines and sines of the angles position * theta^(-2 i / head_dim), i in [0, head_dim / 2), for all positions below
/// a limit; computed in double.
class RotaryTable {
 public:
  RotaryTable() = default;
  /// @param head_dim even. @param theta `rope_theta` of Hugging Face's configurations
  RotaryTable(Index head_dim, Index num_positions, double theta) : half_(head_dim / 2) {
    for (Index position = 0; position < num_positions; ++position) {
      for (Index i = 0; i < half_; ++i) {
        const double frequency = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
        const double angle = static_cast<double>(position) * frequency;
        cosines_.push_back(static_cast<float>(std::cos(angle)));
        sines_.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }
  /// Pairs of one head: head_dim / 2.
  Index half() const noexcept { return half_; }
  const float* cosines(Index position) const noexcept { return cosines_.data() + position * half_; }
  const float* sines(Index position) const noexcept { return sines_.data() + position * half_; }

 private:
  Index half_ = 0;
  std::vector<float> cosines_, sines_;  // [num_positions, half]
};

SHARPEYE_NAMESPACE_END
