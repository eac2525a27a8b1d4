#pragma once

/// @file
/// ARMv8.6's product of matrices of bytes (i8mm): NEON, but for products of integers.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_ARM64_I8MM
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

#define SHARPEYE_INTEGERS_ONLY
#define SHARPEYE_NEON_DOT
#define SHARPEYE_NEON_MATRIX
#if defined(__clang__)
SHARPEYE_REGION_BEGIN("dotprod,i8mm")
#else
SHARPEYE_REGION_BEGIN("arch=armv8.2-a+dotprod+i8mm")
#endif
namespace neoni8mm {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_neon.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace neoni8mm
SHARPEYE_REGION_END
#undef SHARPEYE_NEON_MATRIX
#undef SHARPEYE_NEON_DOT
#undef SHARPEYE_INTEGERS_ONLY

SHARPEYE_BODY KernelTable neoni8mm_kernels() noexcept {
  KernelTable table = neon_kernels();
  table.isa = Isa::kNeonI8mm;
  table.integer_block = neoni8mm::integer_block;
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
