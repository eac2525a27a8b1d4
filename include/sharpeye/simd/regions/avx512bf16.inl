#pragma once

/// @file
/// AVX512-BF16: AVX512-VNNI, but for the values of attention in models with integer weights.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_X86
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

#define SHARPEYE_BF16
SHARPEYE_REGION_BEGIN("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
namespace avx512bf16 {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_avx512.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace avx512bf16
SHARPEYE_REGION_END
#undef SHARPEYE_BF16

SHARPEYE_BODY KernelTable avx512bf16_kernels() noexcept {
  KernelTable table = avx512vnni_kernels();
  table.isa = Isa::kAvx512Bf16;
  table.attention_head = avx512bf16::attention_head;
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
