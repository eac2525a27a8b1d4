#pragma once

/// @file
/// AVX-512 F, BW, DQ and VL.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_X86
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_REGION_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace avx512 {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_avx512.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace avx512
SHARPEYE_REGION_END

SHARPEYE_BODY KernelTable avx512_kernels() noexcept {
  return avx512::table(Isa::kAvx512);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
