#pragma once

/// @file
/// An image cut into the patches that a vision tower reads.

#include <algorithm>
#include <vector>

#include "sharpeye/core/tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The image [3, size, size] cut into patches [grid * grid, 3 * p * p]: patch after patch in reading order, in each the
/// channels, rows and columns in the order of a convolution's weight.
inline Matrix<float> extract_patches(const std::vector<float>& pixel_values, Index image_size, Index patch_size) {
  const Index grid = image_size / patch_size;
  Matrix<float> patches(grid * grid, 3 * patch_size * patch_size);
  for (Index patch = 0; patch < patches.rows(); ++patch) {
    float* out = patches.data() + patch * patches.cols();
    const Index top = patch / grid * patch_size, left = patch % grid * patch_size;
    for (Index channel = 0; channel < 3; ++channel) {
      for (Index y = 0; y < patch_size; ++y) {
        const float* row = pixel_values.data() + (channel * image_size + top + y) * image_size + left;
        out = std::copy_n(row, patch_size, out);
      }
    }
  }
  return patches;
}

SHARPEYE_NAMESPACE_END
