#pragma once

/// @file
/// The kernels: bodies written once over a small vector type, compiled once per instruction set, chosen once at run
/// time.
///
/// A program compiled with plain `g++ -O2` gets AVX2 or AVX-512 where the CPU has it: each set of bodies stands in a
/// region with its own target options. Inside a region there is no Eigen (it picks its instruction set when it is
/// included) and nothing with a dynamic initialiser, and no vector leaves it.

#include <cmath>
#include <cstring>
#include <limits>

#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/isa.hpp"
#include "sharpeye/simd/types.hpp"

#if SHARPEYE_X86
#include <immintrin.h>
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

namespace scalar {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/vec_scalar.inl"
//
#include "sharpeye/simd/elementwise.inl"
//
#include "sharpeye/simd/gemm.inl"
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
#endif
// NOLINTEND(bugprone-suspicious-include)

/// The kernels of `isa`, which must be supported. For tests and benchmarks; everybody else uses kernels().
inline KernelTable kernels_for(Isa isa) noexcept {
#if SHARPEYE_X86
  if (isa == Isa::kAvx512) return avx512::table(isa);
  if (isa == Isa::kAvx2) return avx2::table(isa);
#endif
  return scalar::table(Isa::kScalar);
}

/// The kernels of this process: of the best instruction set, or of the one in SHARPEYE_ISA (read at the first call).
/// @throws Error kInvalidArgument when SHARPEYE_ISA is wrong.
inline const KernelTable& kernels() {
  static const KernelTable table = kernels_for(detect_isa());
  return table;
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
