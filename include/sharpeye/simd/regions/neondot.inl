#pragma once

/// @file
/// ARMv8.2's dot product: NEON, but for products of integers.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_ARM64
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

#define SHARPEYE_INTEGERS_ONLY
#define SHARPEYE_NEON_DOT
#if defined(__clang__)
SHARPEYE_REGION_BEGIN("dotprod")
#else
SHARPEYE_REGION_BEGIN("arch=armv8.2-a+dotprod")
#endif
namespace neondot {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_neon.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace neondot
SHARPEYE_REGION_END
#undef SHARPEYE_NEON_DOT
#undef SHARPEYE_INTEGERS_ONLY

SHARPEYE_BODY KernelTable neondot_kernels() noexcept {
  KernelTable table = neon_kernels();
  table.isa = Isa::kNeonDot;
  table.integer_block = neondot::integer_block;
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
