#pragma once

/// @file
/// Bodies of kernels.hpp. The kernels themselves stand in regions/: included here, or compiled one by one.

#include "sharpeye/simd/kernels.hpp"

#if !defined(SHARPEYE_COMPILED)
// Each is empty where its architecture is another.
#include "sharpeye/simd/regions/avx2.inl"
#include "sharpeye/simd/regions/avx512.inl"
#include "sharpeye/simd/regions/avx512bf16.inl"
#include "sharpeye/simd/regions/avx512vnni.inl"
#include "sharpeye/simd/regions/avxvnni.inl"
#include "sharpeye/simd/regions/neon.inl"
#include "sharpeye/simd/regions/neondot.inl"
#include "sharpeye/simd/regions/neoni8mm.inl"
#include "sharpeye/simd/regions/scalar.inl"
#endif

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_BODY KernelTable kernels_for(Isa isa) noexcept {
  switch (isa) {
#if SHARPEYE_X86
    case Isa::kAvx2: return avx2_kernels();
    case Isa::kAvxVnni: return avxvnni_kernels();
    case Isa::kAvx512: return avx512_kernels();
    case Isa::kAvx512Vnni: return avx512vnni_kernels();
    case Isa::kAvx512Bf16: return avx512bf16_kernels();
#elif SHARPEYE_ARM64
    case Isa::kNeon: return neon_kernels();
    case Isa::kNeonDot: return neondot_kernels();
#if SHARPEYE_ARM64_I8MM
    case Isa::kNeonI8mm: return neoni8mm_kernels();
#endif
#endif
    default: return scalar_kernels();
  }
}

SHARPEYE_BODY const KernelTable& kernels() {
  static const KernelTable table = kernels_for(detect_isa());
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
