#pragma once

/// @file
/// Multi-head attention over a thread pool.

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Multi-head attention: head h takes columns [h * head_dim, (h + 1) * head_dim) of q and out, and of k and v what
/// begins kv_stride * (h / group) elements after those of head 0: `group` query heads share keys and values. `head`
/// describes head 0 (its scratch is provided here: one for each thread, which keeps it in its cache from head to head).
void attention(ThreadPool& pool, Arena& arena, Index num_heads, Index group, Index kv_stride,
               const AttentionHead& head);

}  // namespace simd
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/attention.inl"
#endif
