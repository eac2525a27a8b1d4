#pragma once

/// @file
/// Products with integer weights over a thread pool, and quantizing A for them.

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// A's rows as 8-bit integers, and the memory where they stand.
struct QuantizedMatrix {
  ArenaBuffer values, scales, offsets, sums, totals, begins, zeros;
  QuantizedRows rows;
};

/// A [m, k] quantized on all threads of `pool`. @param skips whether to look for steps that 8-bit products leave out.
QuantizedMatrix quantize(ThreadPool& pool, Arena& arena, Index m, Index k, const float* a, Index lda, bool skips);

/// Products of A with integer weights, all of the same k. The same bits for any number of threads.
void integer_gemm(ThreadPool& pool, const QuantizedRows& a, const Product* products, Index count);

}  // namespace simd
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/integer_gemm.inl"
#endif
