#pragma once

/// @file
/// GEMM over a thread pool: packing A, the split into jobs, and the choice of kernel by shape.

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Products of A [m, k] with floating-point weights, all of the same k, on all threads of `pool`. The results do not
/// depend on their number: every element is summed over k in the same order wherever it is computed.
void gemm(ThreadPool& pool, Arena& arena, Index m, const float* a, Index lda, const Product* products, Index count);

}  // namespace simd
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/gemm.inl"
#endif
