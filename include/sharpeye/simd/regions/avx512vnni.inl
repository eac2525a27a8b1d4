#pragma once

/// @file
/// AVX512-VNNI: AVX-512, but for products of integers with the dot product of bytes.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_X86
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

#define SHARPEYE_INTEGERS_ONLY
#define SHARPEYE_VNNI
SHARPEYE_REGION_BEGIN("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace avx512vnni {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_avx512.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace avx512vnni
SHARPEYE_REGION_END
#undef SHARPEYE_VNNI
#undef SHARPEYE_INTEGERS_ONLY

SHARPEYE_BODY KernelTable avx512vnni_kernels() noexcept {
  KernelTable table = avx512_kernels();
  table.isa = Isa::kAvx512Vnni;
  table.integer_block = avx512vnni::integer_block;
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
