#pragma once

/// @file
/// Row-major matrices and views of them, as Eigen types.

#include <Eigen/Core>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An owning matrix [rows, columns], row-major as all tensors of the library are.
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A view of a row-major matrix whose rows are `outerStride()` elements apart.
template <class S>
using MatrixView = Eigen::Map<const Matrix<S>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// The view of [rows, columns] elements at `data`, rows `stride` apart.
template <class S>
MatrixView<S> view_matrix(const S* data, Index rows, Index columns, Index stride) {
  return MatrixView<S>(data, rows, columns, Eigen::OuterStride<>(stride));
}

SHARPEYE_NAMESPACE_END
