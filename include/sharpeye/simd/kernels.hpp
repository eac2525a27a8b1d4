#pragma once

/// @file
/// The kernels: bodies written once over a small vector type, compiled once per instruction set, chosen once at run
/// time.
///
/// A program compiled with plain `g++ -O2` gets AVX2, AVX-512 or NEON where the CPU has it: each set of bodies stands
/// in a region with its own target options. Inside a region there is no Eigen (it picks its instruction set when it is
/// included) and nothing with a dynamic initialiser, and no vector leaves it.
///
/// The bodies take a compiler some 15 seconds. A program of several sources can compile them once: define
/// SHARPEYE_EXTERNAL_KERNELS for all sources, and in one also SHARPEYE_DEFINE_KERNELS before the first #include.

#include <cmath>
#include <cstring>
#include <limits>

#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/isa.hpp"
#include "sharpeye/simd/types.hpp"

#if SHARPEYE_X86
#include <immintrin.h>
#elif SHARPEYE_ARM64
#include <arm_neon.h>
#endif

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// The kernels of one instruction set. What each computes is written with its body and, in double, in reference.hpp.
struct KernelTable {
  Isa isa;
  void (*pack_rows)(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                    float* packed) noexcept;
  /// As pack_rows, from A^T [k, m].
  void (*pack_columns)(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                       float* packed) noexcept;
  void (*gemm_block)(const GemmBlock&) noexcept;
  void (*gemv_block)(const GemvBlock&) noexcept;
  void (*quantize_rows)(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                        std::int8_t* values, float* scales, float* offsets, std::int32_t* sums,
                        std::int32_t* totals) noexcept;
  void (*integer_block)(const IntegerBlock&) noexcept;
  void (*attention_head)(const AttentionHead&) noexcept;
  void (*cached_attention_head)(const CachedAttentionHead&) noexcept;
  void (*layer_norm)(Index m, Index n, const float* x, Index ldx, const float* gain, const float* bias, float epsilon,
                     float* y, Index ldy) noexcept;
  float (*log_sum_exp)(Index n, const float* x) noexcept;
  // Of training; their formulas stand in training/elementwise.hpp.
  void (*activate)(Activation activation, Index n, const float* z, float* y) noexcept;
  void (*activation_gradient)(Activation activation, Index n, const float* z, const float* dy, float* dz) noexcept;
  float (*softmax)(Index n, float* x) noexcept;
  void (*softmax_gradient)(Index n, float scale, const float* p, float* dp) noexcept;
  void (*layer_norm_gradient)(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                              float* dgain, float* dbias) noexcept;
};

#if defined(SHARPEYE_EXTERNAL_KERNELS)
#define SHARPEYE_KERNELS_LINKAGE
#else
#define SHARPEYE_KERNELS_LINKAGE inline
#endif

/// The kernels of `isa`, which must be supported. For tests and benchmarks; everybody else uses kernels().
SHARPEYE_KERNELS_LINKAGE KernelTable kernels_for(Isa isa) noexcept;

#if !defined(SHARPEYE_EXTERNAL_KERNELS) || defined(SHARPEYE_DEFINE_KERNELS)
// Functions of one region that are called in another whose instruction set is larger: GCC inlines those too late to
// keep their vectors in registers, unless told.
#define SHARPEYE_INLINE inline __attribute__((always_inline))

namespace scalar {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/vec_scalar.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
//
#include "sharpeye/simd/attention.inl"
//
#include "sharpeye/simd/training.inl"
//
#include "sharpeye/simd/table.inl"
}  // namespace scalar

#if SHARPEYE_X86
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
namespace avx2 {
#include "sharpeye/simd/vec_avx2.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
//
#include "sharpeye/simd/attention.inl"
//
#include "sharpeye/simd/training.inl"
//
#include "sharpeye/simd/table.inl"
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#endif
namespace avx512 {
#include "sharpeye/simd/vec_avx512.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
//
#include "sharpeye/simd/attention.inl"
//
#include "sharpeye/simd/training.inl"
//
#include "sharpeye/simd/table.inl"
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

// The same kernels, but for the dot product of bytes that integer products are made of.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avxvnni,avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avxvnni,avx2,fma,f16c")
#endif
namespace avxvnni {
using namespace avx2;  // NOLINT(google-build-using-namespace)
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  using Raw = __m256i;
  return reinterpret_cast<IntVec>(
      _mm256_dpbusd_avx_epi32(reinterpret_cast<Raw>(sum), reinterpret_cast<Raw>(u), reinterpret_cast<Raw>(s)));
}
#include "sharpeye/simd/integer.inl"
}  // namespace avxvnni
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#endif
namespace avx512vnni {
using namespace avx512;  // NOLINT(google-build-using-namespace)
SHARPEYE_INLINE IntVec dot_bytes(IntVec sum, IntVec u, IntVec s) noexcept {
  using Raw = __m512i;
  return reinterpret_cast<IntVec>(
      _mm512_dpbusd_epi32(reinterpret_cast<Raw>(sum), reinterpret_cast<Raw>(u), reinterpret_cast<Raw>(s)));
}
#include "sharpeye/simd/integer.inl"
}  // namespace avx512vnni
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#elif SHARPEYE_ARM64
namespace neon {
#include "sharpeye/simd/vec_neon.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
//
#include "sharpeye/simd/attention.inl"
//
#include "sharpeye/simd/training.inl"
//
#include "sharpeye/simd/table.inl"
}  // namespace neon

// Integer products with the dot product of bytes. (Its vectors are structures here: with `using namespace neon`
// argument-dependent lookup would find both dot products.)
#define SHARPEYE_NEON_DOT
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
namespace neondot {
#include "sharpeye/simd/vec_neon.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
}  // namespace neondot
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

// The same with its product of matrices of bytes.
#if SHARPEYE_ARM64_I8MM
#define SHARPEYE_NEON_MATRIX
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod+i8mm")
#endif
namespace neoni8mm {
#include "sharpeye/simd/vec_neon.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
//
#include "sharpeye/simd/integer.inl"
}  // namespace neoni8mm
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef SHARPEYE_NEON_MATRIX
#endif
#undef SHARPEYE_NEON_DOT
#endif
// NOLINTEND(bugprone-suspicious-include)

SHARPEYE_KERNELS_LINKAGE KernelTable kernels_for(Isa isa) noexcept {
#if SHARPEYE_X86
  KernelTable table = isa == Isa::kAvx512 || isa == Isa::kAvx512Vnni ? avx512::table(isa)
                      : isa == Isa::kAvx2 || isa == Isa::kAvxVnni    ? avx2::table(isa)
                                                                     : scalar::table(isa);
  if (isa == Isa::kAvxVnni) table.integer_block = avxvnni::integer_block;
  if (isa == Isa::kAvx512Vnni) table.integer_block = avx512vnni::integer_block;
  return table;
#elif SHARPEYE_ARM64
  KernelTable table = isa == Isa::kScalar ? scalar::table(isa) : neon::table(isa);
  if (isa == Isa::kNeonDot) table.integer_block = neondot::integer_block;
#if SHARPEYE_ARM64_I8MM
  if (isa == Isa::kNeonI8mm) table.integer_block = neoni8mm::integer_block;
#endif
  return table;
#else
  return scalar::table(isa);
#endif
}

#undef SHARPEYE_INLINE
#endif
#undef SHARPEYE_KERNELS_LINKAGE

/// The kernels of this process: of the best instruction set, or of the one in SHARPEYE_ISA (read at the first call).
/// @throws Error kInvalidArgument when SHARPEYE_ISA is wrong.
inline const KernelTable& kernels() {
  static const KernelTable table = kernels_for(detect_isa());
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
