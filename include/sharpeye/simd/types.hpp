#pragma once

/// @file
/// What the kernels are handed: packed weights, epilogues, and the argument blocks of the larger kernels.
///
/// Kernels speak BLAS: C[m, n] = A[m, k] * B[k, n], row-major, with leading dimensions `ld*` in elements. Large
/// products are cut as in GotoBLAS and BLIS, whose words are used everywhere in this folder:
///
///     for each block of n: some micro-panels of B         jobs of the thread pool (GemmBlock): MC rows of A stay
///     for each block of m: MC rows of A                   in the L2 cache
///       for each block of k: KC steps                     C is visited once for each
///         for each micro-panel of B: NR columns           its KC x NR sliver is read again for each tile below
///           for each micro-panel of A: MR rows            streams from the L2 cache
///             micro-kernel: C[MR, NR] += A[MR, KC] * B[KC, NR]
///
/// - A *micro-panel of B* is NR columns of B, one step of k after the other: `packed[i * NR + j]`. Weights are packed
///   once, when a model is loaded, over all of k.
/// - A *micro-panel of A* is MR rows of A, likewise: `packed[i * MR + r]`; A is packed for each product.
/// - A *micro-tile* (register block) is the part of C that one call of the micro-kernel holds in registers: MR x NR
///   with AVX2 and NEON, 2 MR x 2 NR with AVX-512, and less at the edges. Products with at most MR rows read A
///   unpacked.

#include "sharpeye/core/types.hpp"
#include "sharpeye/simd/activations.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Columns of a micro-panel of B, BLIS's NR: the width of AVX2's micro-tile, half that of AVX-512.
inline constexpr Index kNR = 16;
/// Rows of a micro-panel of A, BLIS's MR: the height of AVX2's micro-tile, half that of AVX-512.
inline constexpr Index kMR = 6;
/// Steps of k between two visits of C, BLIS's KC. The KC x NR slivers of B that a micro-tile reads (64 or 128 KB) stay
/// in the L2 cache, from where they come as fast as they are used; at slivers that fit the L1 cache the visits cost
/// more (AVX-512, depth 192, 512, 1024: 0.83, 0.88, 0.90 of peak at 577x1024x1024; AVX2, depth 384, 1024: 0.88, 0.90).
inline constexpr Index kKC = 1024;

inline constexpr Index ceil_div(Index a, Index b) noexcept {
  return (a + b - 1) / b;
}
inline constexpr Index round_up(Index a, Index b) noexcept {
  return ceil_div(a, b) * b;
}

/// The depth of the blocks that k is cut into: as few as kKC allows, about equal.
inline constexpr Index block_depth(Index k) noexcept {
  return ceil_div(k, ceil_div(k, kKC));
}

/// Steps of k that a product with few rows leaves out together, where all rows of A are zero there.
inline constexpr Index kSkipSteps = 4;

/// Consecutive elements of a row of 4-bit weights that share a scale.
inline constexpr Index kGroup = 32;
/// Bytes of one group of one panel of 4-bit weights: 16 scales (F16), then 32 x 16 numbers.
inline constexpr Index kGroupBytes = kNR * 2 + kNR * kGroup / 2;
/// The largest number in half precision. A cache holds what is beyond it as this number: one that is too large then
/// stays the largest, and does not make all of a softmax NaN.
inline constexpr float kLargestHalf = 65504.0f;
/// Steps of k of 4-bit weights that are unpacked at a time, where that is done (kernels/integer.inl).
inline constexpr Index kUnpackedSteps = 1024;
/// Integer weights are in [-kByteLimit, kByteLimit] (I8) and [-kNibbleLimit, kNibbleLimit - 1] (4 bits). They are
/// packed with this much added, as unsigned numbers: two products of a 7-bit weight and an 8-bit activation then fit
/// into the 16 bits that AVX2's vpmaddubsw has for their sum, 2 * 127 * 127 < 2^15.
inline constexpr int kByteOffset = 64, kByteLimit = 63, kNibbleOffset = 8, kNibbleLimit = 8;

/// Weights B^T [n, k] in micro-panels of B, called panels for short; the last one is filled up with zeros.
///
/// - F32, F16, BF16: element (n, k) stands at panel n/16, position k * 16 + n % 16.
/// - Int8, one scale for each of the n: position k/4 * 64 + n % 16 * 4 + k % 4, k filled up to whole fours.
/// - Int4, two numbers a byte, one scale for each 32 of a row: group k/32 of a panel has kGroupBytes; after the
///   scales byte b of 64-byte line l has in its lower half the number that I8 has at byte b of line 2l, in its upper
///   half that of line 2l + 1.
struct PackedWeights {
  const void* data = nullptr;
  WeightFormat format = WeightFormat::kF32;
  Index n = 0;
  Index k = 0;
  const float* scales = nullptr;  ///< I8: [n], filled up to whole panels
  const float* sums = nullptr;    ///< integers: the sum of each row's weights [n], rounded once; whole panels

  bool is_integer() const noexcept { return format == WeightFormat::kInt8 || format == WeightFormat::kInt4; }
  Index panels() const noexcept { return ceil_div(n, kNR); }
  Index panel_bytes() const noexcept {
    switch (format) {
      case WeightFormat::kF32: return kNR * k * 4;
      case WeightFormat::kF16:
      case WeightFormat::kBF16: return kNR * k * 2;
      case WeightFormat::kInt8: return kNR * round_up(k, 4);
      case WeightFormat::kInt4: return ceil_div(k, kGroup) * kGroupBytes;
    }
    return 0;
  }
  Index bytes() const noexcept { return panels() * panel_bytes(); }
};

/// The steps of k at which some row of A is not zero, in groups of kSkipSteps: what an activation function like ReLU
/// has left. The rest of the k (fewer than kSkipSteps) are always computed. Products of zeros are left out, so with
/// finite weights the sum has the same bits (but for the sign of a zero).
struct LiveSteps {
  const std::int32_t* begins = nullptr;  ///< where each group begins, ascending; null: all groups
  Index size = 0;
};

/// Rows of A as 8-bit integers, made by quantize_rows: about scales[r] * value + offsets[r]. Micro-panels of `height`
/// rows (kMR, or what is left) follow each other; in each, number (r, i) stands at
/// i / 4 * 4 * height + r * 4 + i % 4.
struct QuantizedRows {
  const std::int8_t* values = nullptr;
  const float* scales = nullptr;         ///< [m]
  const float* offsets = nullptr;        ///< [m]
  const std::int32_t* sums = nullptr;    ///< [m, groups]: of kGroup values each
  const std::int32_t* totals = nullptr;  ///< [m]: of all values of a row
  Index m = 0, groups = 0;
  LiveSteps live = {};                  ///< of a few rows
  const std::int32_t* zeros = nullptr;  ///< [m]: the value of each row that means 0, where steps are left out

  Index row_bytes() const noexcept { return groups * kGroup; }
  Index height(Index row) const noexcept {  ///< of the micro-panel that the row is in
    const Index rest = m - row / kMR * kMR;
    return rest < kMR ? rest : kMR;
  }
  /// The first number of a row; the first four of it stand together, the next four 4 * height later.
  const std::int8_t* first_of(Index row) const noexcept {
    return values + row / kMR * kMR * row_bytes() + row % kMR * 4;
  }
};

/// What happens to an element of the product before it is stored: activation(x + bias[column]) + residual[row, column].
struct Epilogue {
  const float* bias = nullptr;  ///< [n] rounded up to whole panels, or null
  Activation activation = Activation::kNone;
  const float* residual = nullptr;  ///< [m, n] with leading dimension ld_residual, or null; must not overlap C
  Index ld_residual = 0;
};

/// One of the products that A is multiplied for: C[m, n] = epilogue(A[m, k] * W^T).
struct Product {
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
};

/// One job of a GEMM: rows [row_begin, row_end) (beginning on a micro-panel) times panels [panel_begin, panel_end).
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

/// One job of a product with at most kMR rows: A [m, k] as it stands.
struct GemvBlock {
  Index m, panel_begin, panel_end;
  const float* a;
  Index lda;
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
  LiveSteps live = {};
};

/// One job of a product with integer weights: rows [row_begin, row_end) times panels [panel_begin, panel_end).
struct IntegerBlock {
  Index row_begin, row_end, panel_begin, panel_end;
  QuantizedRows a;
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
};

/// The slivers of B that are read next. They come from memory, so each micro-tile prefetches its share of them (into
/// the L2 cache), a little at every step of k: all at once, the requests hold up the micro-tile's own (AVX-512 at depth
/// 512, blocks of 144 rows, A and B not in the cache: 0.83 -> 0.92 of peak).
struct Ahead {
  const char* data;
  Index panel_stride, bytes_a_step;  ///< in bytes
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
  float* scratch;  ///< attention_scratch() floats
  /// Instead of k and v, where they are not null: the same in half precision, from a cache.
  const float16* half_k = nullptr;
  const float16* half_v = nullptr;
  /// Where it is not null, and head_dim is whole groups of kGroup: Q K^T is a product of integers, Q's rows of 8 bits
  /// (quantize_rows), K's of 7. (Weights of V remain floats: a softmax has few large ones and a long tail that counts.)
  void (*integer_block)(const IntegerBlock&) noexcept = nullptr;
  const float* key_bias = nullptr;  ///< [num_keys], added to each query's scaled scores; or null

  bool has_integer_scores() const noexcept { return integer_block != nullptr && head_dim % kGroup == 0; }
};

/// The keys that one query sees: `count` row numbers of a cache.
struct RowSpan {
  const std::int32_t* rows;
  Index count;
};

/// A few queries of one head against keys and values, float or float16, that stand in listed rows of a cache. Each of
/// the first `shared` rows, which all lists have, is read once for up to kCachedQueries queries.
template <class T>
struct CachedAttentionHead {
  Index num_queries, head_dim;
  const float* q;
  Index ldq;
  const T* k;
  const T* v;
  Index ldkv;
  const RowSpan* spans;  ///< [num_queries] rows of k and v, one or more
  Index shared;          ///< at most the count of each span
  float scale;
  float* out;  ///< [num_queries, head_dim]
  Index ldo;
  float* scores;                    ///< [min(num_queries, kCachedQueries), lds] scratch
  Index lds;                        ///< the longest count or more
  const float* key_bias = nullptr;  ///< by the rows of k, added to the scaled scores; or null
};

/// How many queries share what CachedAttentionHead reads: their sums for four keys, or for four vectors of a value,
/// take 12 registers.
inline constexpr Index kCachedQueries = 3;

/// Floats of scratch that one AttentionHead needs: K and V in micro-panels; of one micro-tile the queries, the scores,
/// and their softmax; all queries as integers and what stands beside these.
inline constexpr Index attention_scratch(Index num_queries, Index num_keys, Index head_dim) noexcept {
  return round_up(num_keys, kNR) * head_dim + num_keys * round_up(head_dim, kNR) +
         2 * kMR * (head_dim + 2 * round_up(num_keys, kNR)) +
         num_queries * (ceil_div(head_dim, kGroup) * (kGroup / 4 + 1) + 3);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
