#pragma once

/// @file
/// What the kernels are handed: packed weights, epilogues, and the argument blocks of the larger kernels.
///
/// Kernels speak BLAS: C[m, n] = A[m, k] * B[k, n], row-major, with leading dimensions `ld*` in elements.

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Columns of one panel of packed weights: the width of the register tile of AVX2, half that of AVX-512.
inline constexpr Index kPanel = 16;
/// Rows of one tile of packed A: the height of the register tile of AVX2, half that of AVX-512.
inline constexpr Index kTileRows = 6;

inline constexpr Index ceil_div(Index a, Index b) noexcept {
  return (a + b - 1) / b;
}
inline constexpr Index round_up(Index a, Index b) noexcept {
  return ceil_div(a, b) * b;
}

/// Element-wise functions that a GEMM can apply to its result.
/// kGelu is the exact x/2 (1 + erf(x / sqrt 2)); kQuickGelu is x * sigmoid(1.702 x).
enum class Activation { kNone, kRelu, kGelu, kQuickGelu };

/// Weights B^T [n, k] in panels of 16 columns of B: element (n, k) stands at panel n/16, position k * 16 + n % 16. The
/// last panel is filled up with zeros. F32, F16 or BF16.
struct PackedWeights {
  const void* data = nullptr;
  DType dtype = DType::kF32;
  Index n = 0;
  Index k = 0;

  Index panels() const noexcept { return ceil_div(n, kPanel); }
  Index bytes() const noexcept { return panels() * kPanel * k * size_of(dtype); }
};

/// What happens to an element of the product before it is stored: activation(x + bias[column]) + residual[row, column].
struct Epilogue {
  const float* bias = nullptr;  ///< [n] rounded up to whole panels, or null
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  ///< [m, n] with leading dimension ld_residual, or null; must not overlap C
  Index ld_residual = 0;
};

/// One job of a GEMM: rows [row_begin, row_end) (beginning on a tile) times panels [panel_begin, panel_end).
struct GemmBlock {
  Index m;  ///< rows of A
  Index row_begin, row_end, panel_begin, panel_end;
  const float* packed_a;  ///< A packed by pack_rows
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
  bool accumulate = false;  ///< add to what stands in C (before the epilogue)
};

/// One job of a product with at most kTileRows rows: A [m, k] as it stands.
struct GemvBlock {
  Index m, panel_begin, panel_end;
  const float* a;
  Index lda;
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
};

/// One head of softmax(scale * Q K^T) V with Q [num_queries, head_dim], K and V [num_keys, head_dim].
struct AttentionHead {
  Index num_queries, num_keys, head_dim;
  const float* q;
  Index ldq;
  const float* k;
  Index ldk;
  const float* v;
  Index ldv;
  float scale;
  /// Causal: query i sees the keys [0, num_keys - num_queries + i]. Otherwise it sees all.
  bool causal;
  float* out;  ///< [num_queries, head_dim]
  Index ldo;
  float* scratch;  ///< attention_scratch(num_keys, head_dim) floats
};

/// One query of one head against keys and values that stand in the listed rows of a cache.
struct CachedAttentionHead {
  Index num_keys, head_dim;
  const float* q;
  const float* k;
  const float* v;
  Index ldkv;
  const std::int32_t* rows;  ///< [num_keys] rows of k and v
  float scale;
  float* out;     ///< [head_dim]
  float* scores;  ///< [num_keys] scratch
};

/// Floats of scratch that one AttentionHead needs: K and V in panels, and one tile's rows of scores.
inline constexpr Index attention_scratch(Index num_keys, Index head_dim) noexcept {
  return round_up(num_keys, kPanel) * head_dim + num_keys * round_up(head_dim, kPanel) +
         kTileRows * round_up(num_keys, kPanel);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
