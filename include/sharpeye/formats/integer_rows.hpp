#pragma once

/// @file
/// What formats of integers with scales have in common.

#include "sharpeye/core/types.hpp"

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

}  // namespace detail
SHARPEYE_NAMESPACE_END
