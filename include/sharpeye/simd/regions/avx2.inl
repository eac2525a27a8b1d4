#pragma once

/// @file
/// AVX2 with FMA and F16C.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_X86
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_REGION_BEGIN("avx2,fma,f16c")
namespace avx2 {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_avx2.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace avx2
SHARPEYE_REGION_END

SHARPEYE_BODY KernelTable avx2_kernels() noexcept {
  return avx2::table(Isa::kAvx2);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
