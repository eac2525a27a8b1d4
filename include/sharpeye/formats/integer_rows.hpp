#pragma once

/// @file
/// What formats of integers with scales have in common.

#include <algorithm>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// out[row, column] = number(row, column) * scale(row, column) of a matrix [n, k].
template <class S, class Number, class Scale>
void decode_integers(Index n, Index k, const Number& number, const Scale& scale, S* out) {
  for (Index row = 0; row < n; ++row) {
    for (Index column = 0; column < k; ++column) {
      out[row * k + column] = static_cast<S>(number(row, column)) * static_cast<S>(scale(row, column));
    }
  }
}

/// The sum of each row's weights, rounded once: the kernels correct for zero points with it. Integers are added in
/// groups that share a scale.
template <class Number, class Scale>
std::vector<float> sums_of_rows(Index n, Index k, const Number& number, const Scale& scale) {
  std::vector<float> sums;
  for (Index row = 0; row < n; ++row) {
    double sum = 0;
    for (Index begin = 0; begin < k; begin += simd::kGroup) {
      int part = 0;
      for (Index i = begin; i < std::min(k, begin + simd::kGroup); ++i) part += number(row, i);
      sum += static_cast<double>(part) * static_cast<double>(scale(row, begin));
    }
    sums.push_back(static_cast<float>(sum));
  }
  return sums;
}

}  // namespace detail
SHARPEYE_NAMESPACE_END
