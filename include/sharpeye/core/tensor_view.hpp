#pragma once

/// @file
/// A view of a matrix of floats that another object owns, for callbacks.

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A row-major matrix [rows, columns] of floats without gaps; valid during the call that hands it over.
struct TensorView {
  const float* data;
  Index rows, columns;

  Index size() const noexcept { return rows * columns; }
};

SHARPEYE_NAMESPACE_END
