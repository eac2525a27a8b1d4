#pragma once

/// @file
/// A matrix as the kernels read it, and that as a file holds it.

#include <memory>
#include <vector>

#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Panels and what keeps them alive. Copies share the elements.
struct PackedMatrix {
  simd::PackedWeights weights;
  std::shared_ptr<const void> owner;
  WeightTensor::Floats scales, sums;  ///< what `weights` points to, filled up to whole panels

  PackedMatrix() = default;
  /// Packs a matrix [n, ...] in rows; takes one in panels as it is.
  explicit PackedMatrix(const WeightTensor& tensor);
};

/// What a file holds of this matrix in panels: the panels themselves (no copy), scales and sums.
std::vector<StoredTensor> stored_panels(const std::string& name, const PackedMatrix& matrix);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/packed_matrix.inl"
#endif
