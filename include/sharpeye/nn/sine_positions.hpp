#pragma once

/// @file
/// Sinusoidal positions in two dimensions.

#include <cmath>

#include "sharpeye/core/tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// DETR's 2-D sine positions [grid * grid, size]: half of the channels from y, half from x, each normalised to (0, 2
/// pi] and turned into sin and cos at frequencies 10000^(-2i / (size/2)).
inline Matrix<float> sine_positions(Index grid, Index size) {
  Matrix<float> positions(grid * grid, size);
  const Index half = size / 2;
  const double turn = 2 * 3.14159265358979323846 / (static_cast<double>(grid) + 1e-6);
  for (Index row = 0; row < grid * grid; ++row) {
    const Index y = row / grid, x = row % grid;
    const double place[2] = {static_cast<double>(y + 1) * turn, static_cast<double>(x + 1) * turn};
    for (Index column = 0; column < size; ++column) {
      const Index i = column % half, even = i - i % 2;
      const double frequency = std::pow(10000.0, -static_cast<double>(even) / static_cast<double>(half));
      const double angle = place[column / half] * frequency;
      positions(row, column) = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return positions;
}

}  // namespace nn
SHARPEYE_NAMESPACE_END
