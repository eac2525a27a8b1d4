#pragma once

/// @file
/// Muon (Jordan et al. 2024): matrices move along the nearest orthogonal matrix to their momentum, so that every
/// direction of a layer learns at one pace, and not the few that gradients are largest in.

#include <algorithm>
#include <cmath>
#include <vector>

#include "sharpeye/training/matmul.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Moves the singular values of `x` [rows, columns] near 1 (0.7 to 1.2) and keeps its singular vectors: five steps of
/// X = a X + (b A + c A^2) X with A = X X^T, from X / |X| (the Newton-Schulz iteration of Jordan et al., whose a, b
/// and c are made for few steps, not for exactness). A matrix of zeros stays one.
template <class S>
void orthogonalize(Index rows, Index columns, S* x) {
  constexpr int kSteps = 5;
  constexpr S kA = S(3.4445), kB = S(-4.7750), kC = S(2.0315);
  double squares = 0;
  for (Index i = 0; i < rows * columns; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  if (squares == 0) return;
  // The smaller side is that of A.
  const bool is_tall = rows > columns;
  const Index m = std::min(rows, columns), n = std::max(rows, columns);
  const S scale = static_cast<S>(1 / std::sqrt(squares));
  std::vector<S> wide(static_cast<std::size_t>(m * n)), next(wide.size());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j)
      wide[static_cast<std::size_t>(is_tall ? j * n + i : i * n + j)] = scale * x[i * columns + j];
  }
  std::vector<S> a(static_cast<std::size_t>(m * m)), polynomial(a.size());
  Arena arena;
  for (int step = 0; step < kSteps; ++step) {
    matmul<S>(arena, m, m, n, {wide.data(), n}, {wide.data(), n, true}, a.data(), m, false);
    matmul<S>(arena, m, m, m, {a.data(), m}, {a.data(), m}, polynomial.data(), m, false);
    for (std::size_t i = 0; i < a.size(); ++i) polynomial[i] = kB * a[i] + kC * polynomial[i];
    for (Index i = 0; i < m; ++i) polynomial[static_cast<std::size_t>(i * m + i)] += kA;
    matmul<S>(arena, m, n, m, {polynomial.data(), m}, {wide.data(), n}, next.data(), n, false);
    wide.swap(next);
  }
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j)
      x[i * columns + j] = wide[static_cast<std::size_t>(is_tall ? j * n + i : i * n + j)];
  }
}

/// How far Muon moves a matrix, in units of the learning rate: its update then has a root mean square of about 0.2, as
/// AdamW's has, so that one learning rate serves both (Liu et al. 2025, arXiv 2502.16982).
inline double muon_scale(Index rows, Index columns) {
  return 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns)));
}

}  // namespace training
SHARPEYE_NAMESPACE_END
