#pragma once

/// @file
/// AVX-VNNI: AVX2, but for products of integers with the dot product of bytes.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_X86
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

#define SHARPEYE_INTEGERS_ONLY
#define SHARPEYE_VNNI
SHARPEYE_REGION_BEGIN("avxvnni,avx2,fma,f16c")
namespace avxvnni {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_avx2.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace avxvnni
SHARPEYE_REGION_END
#undef SHARPEYE_VNNI
#undef SHARPEYE_INTEGERS_ONLY

SHARPEYE_BODY KernelTable avxvnni_kernels() noexcept {
  KernelTable table = avx2_kernels();
  table.isa = Isa::kAvxVnni;
  table.integer_block = avxvnni::integer_block;
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
