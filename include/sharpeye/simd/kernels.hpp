#pragma once

/// @file
/// The kernels: bodies written once over a small vector type, compiled once per instruction set, chosen once at run
/// time.
///
/// A program compiled with plain `g++ -O2` gets AVX2, AVX-512 or NEON where the CPU has it: see region.hpp.

#include <cstdint>

#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/isa.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// The kernels of one instruction set. Each has a plain twin of its name in reference.hpp, which says what it computes
/// (pack_columns: that of pack_rows; gemm_block and gemv_block: gemm; the three attentions: attention).
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
  void (*cached_attention_head)(const CachedAttentionHead<float>&) noexcept;
  void (*half_cached_attention_head)(const CachedAttentionHead<float16>&) noexcept;
  void (*to_halves)(Index n, const float* x, float16* y) noexcept;
  void (*layer_norm)(Index m, Index n, const float* x, Index ldx, const float* gain, const float* bias, float epsilon,
                     float* y, Index ldy) noexcept;
  float (*log_sum_exp)(Index n, const float* x) noexcept;
  // Of training.
  void (*activate)(Activation activation, Index n, const float* z, float* y) noexcept;
  void (*activation_gradient)(Activation activation, Index n, const float* z, const float* dy, float* dz) noexcept;
  float (*softmax)(Index n, float* x) noexcept;
  void (*softmax_gradient)(Index n, float scale, const float* p, float* dp) noexcept;
  void (*layer_norm_gradient)(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                              float* dgain, float* dbias) noexcept;
  // Of other language models.
  void (*rms_norm)(Index m, Index n, const float* x, Index ldx, const float* gain, float epsilon, float* y,
                   Index ldy) noexcept;
  void (*rms_norm_gradient)(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                            float* dgain) noexcept;
  /// `direction` 1, or -1 for the backward pass; y may be x.
  void (*rotate)(Index num_heads, Index half, const float* x, const float* cosines, const float* sines, float direction,
                 float* y) noexcept;
  void (*multiply)(Index n, const float* a, const float* b, float* y) noexcept;
};

/// The kernels of `isa`, which must be supported. For tests and benchmarks; everybody else uses kernels().
KernelTable kernels_for(Isa isa) noexcept;

/// The kernels of this process: of the best instruction set, or of the one in SHARPEYE_ISA (read at the first call).
/// @throws Error kInvalidArgument when SHARPEYE_ISA is wrong.
const KernelTable& kernels();

// One for each file of regions/; which of them exist depends on the architecture.
KernelTable scalar_kernels() noexcept;
KernelTable avx2_kernels() noexcept;
KernelTable avxvnni_kernels() noexcept;
KernelTable avx512_kernels() noexcept;
KernelTable avx512vnni_kernels() noexcept;
KernelTable avx512bf16_kernels() noexcept;
KernelTable neon_kernels() noexcept;
KernelTable neondot_kernels() noexcept;
KernelTable neoni8mm_kernels() noexcept;

}  // namespace simd
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/kernels.inl"
#endif
