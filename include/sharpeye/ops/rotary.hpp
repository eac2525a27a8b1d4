#pragma once

/// @file
/// The angles of rotary positions (RoFormer, arXiv 2104.09864).

#include <cmath>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How frequencies change for texts longer than those of the pre-training, as Hugging Face's `rope_parameters` say it.
struct RotaryScaling {
  /// kLinear divides all frequencies by `factor`. kLlama3 does so where fewer than `low_frequency_factor` turns fit
  /// into the original positions, keeps those of more than `high_frequency_factor` turns, and blends between them.
  enum class Kind { kNone, kLinear, kLlama3 };

  Kind kind = Kind::kNone;
  double factor = 1;
  double low_frequency_factor = 1, high_frequency_factor = 4;
  double original_positions = 8192;  ///< `original_max_position_embeddings`

  /// A frequency in radians for each position, scaled.
  double operator()(double frequency) const {
    if (kind == Kind::kNone) return frequency;
    if (kind == Kind::kLinear) return frequency / factor;
    const double turns = original_positions * frequency / (2 * 3.14159265358979323846);
    if (turns < low_frequency_factor) return frequency / factor;
    if (turns > high_frequency_factor) return frequency;
    const double kept = (turns - low_frequency_factor) / (high_frequency_factor - low_frequency_factor);
    return (1 - kept) * frequency / factor + kept * frequency;
  }
};

/// Cosines and sines of the angles position * theta^(-2 i / head_dim), i in [0, head_dim / 2), for all positions below
/// a limit; computed in double. The frequencies may be scaled.
class RotaryTable {
 public:
  RotaryTable() = default;
  /// @param head_dim even. @param theta `rope_theta` of Hugging Face's configurations
  RotaryTable(Index head_dim, Index num_positions, double theta, const RotaryScaling& scaling = {})
      : half_(head_dim / 2) {
    for (Index position = 0; position < num_positions; ++position) {
      for (Index i = 0; i < half_; ++i) {
        const double frequency =
            scaling(std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim)));
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
