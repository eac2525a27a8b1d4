#pragma once

/// @file
/// Bodies of change_gate.hpp.

#include "sharpeye/vision/change_gate.hpp"

#include <algorithm>
#include <cmath>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr Index kGateCells = 8;

/// The mean of each cell and channel [8, 8, 3], 0 to 255. A side of less than 8 pixels has cells of its nearest pixel.
inline void mean_cells(const ImageView& view, std::vector<float>& cells) {
  constexpr Index kRowStep = 4;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(3 * view.width));
  cells.assign(static_cast<std::size_t>(3 * kGateCells * kGateCells), 0.0f);
  for (Index cell_y = 0; cell_y < kGateCells; ++cell_y) {
    const Index top = view.height * cell_y / kGateCells;
    const Index bottom = std::max(top + 1, view.height * (cell_y + 1) / kGateCells);
    float* target = cells.data() + 3 * kGateCells * cell_y;
    Index rows = 0;
    const Index step = std::max<Index>(1, std::min(kRowStep, (bottom - top) / 4));
    for (Index y = top; y < bottom; y += step, ++rows) {
      copy_rgb_row(view, y, row.data());
      for (Index cell_x = 0; cell_x < kGateCells; ++cell_x) {
        const Index left = view.width * cell_x / kGateCells;
        const Index right = std::max(left + 1, view.width * (cell_x + 1) / kGateCells);
        std::uint32_t sums[3] = {};
        for (Index x = left; x < right; ++x) {
          for (Index channel = 0; channel < 3; ++channel)
            sums[channel] += row[static_cast<std::size_t>(3 * x + channel)];
        }
        for (Index channel = 0; channel < 3; ++channel) {
          target[3 * cell_x + channel] += static_cast<float>(sums[channel]) / static_cast<float>(right - left);
        }
      }
    }
    for (Index i = 0; i < 3 * kGateCells; ++i) target[i] /= static_cast<float>(rows);
  }
}

}  // namespace detail

SHARPEYE_BODY ChangeGate::ChangeGate(double threshold) : threshold_(threshold) {
  require(threshold >= 0 && threshold <= 1, ErrorCode::kInvalidArgument, "threshold: expected 0 to 1, actual ",
          threshold);
}

SHARPEYE_BODY double ChangeGate::difference(const ImageView& frame) {
  check(frame);
  detail::mean_cells(frame, cells_);
  if (reference_.empty()) return 1;
  float largest = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) largest = std::max(largest, std::fabs(cells_[i] - reference_[i]));
  return static_cast<double>(largest) / 255;
}

SHARPEYE_BODY bool ChangeGate::passes(const ImageView& frame) {
  const bool is_first = reference_.empty();
  if (difference(frame) <= threshold_ && !is_first) return false;
  reference_.swap(cells_);
  return true;
}

SHARPEYE_NAMESPACE_END
