#pragma once

/// @file
/// Fewer and wider tokens: what Idefics3 does to patches before they are projected.

#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The patches of each block of factor x factor, in reading order, become one token.
/// @param x patches in reading order [grid_size^2, d]. @param factor a divisor of grid_size
/// @return [(grid_size / factor)^2, factor^2 d]
template <class Ops>
typename Ops::Tensor pixel_shuffle(Ops& ops, const typename Ops::Tensor& x, Index grid_size, Index factor) {
  using Tensor = typename Ops::Tensor;
  std::vector<Tensor> places;  // in the block: of all blocks the patch that stands there
  for (Index y = 0; y < factor; ++y) {
    for (Index column = 0; column < factor; ++column) {
      std::vector<Tensor> patches;
      for (Index top = y; top < grid_size; top += factor) {
        for (Index left = column; left < grid_size; left += factor) {
          patches.push_back(ops.slice_rows(x, top * grid_size + left, 1));
        }
      }
      places.push_back(ops.concat_rows(patches));
    }
  }
  return ops.concat_columns(places);
}

SHARPEYE_NAMESPACE_END
