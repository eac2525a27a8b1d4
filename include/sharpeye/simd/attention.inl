#pragma once

/// @file
/// Bodies of attention.hpp.

#include "sharpeye/simd/attention.hpp"

#include <algorithm>
#include <atomic>

#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_BODY void attention(ThreadPool& pool, Arena& arena, Index num_heads, Index group, Index kv_stride,
                             const AttentionHead& head) {
  const Index scratch = attention_scratch(head.num_queries, head.num_keys, head.head_dim);
  const Index workers = std::min<Index>(pool.size(), num_heads);
  const ArenaBuffer buffer = arena.acquire(static_cast<std::size_t>(workers * scratch) * sizeof(float));
  const KernelTable& kernel = kernels();
  std::atomic<Index> next{0};
  pool.parallel_for(workers, [&](Index worker) {
    AttentionHead job = head;
    job.scratch = static_cast<float*>(buffer.data()) + worker * scratch;
    for (Index index; (index = next.fetch_add(1, std::memory_order_relaxed)) < num_heads;) {
      const Index column = index * head.head_dim, kv_head = index / group * kv_stride;
      job.q = head.q + column;
      if (head.half_k != nullptr) {
        job.half_k = head.half_k + kv_head;
        job.half_v = head.half_v + kv_head;
      } else {
        job.k = head.k + kv_head;
        job.v = head.v + kv_head;
      }
      job.out = head.out + column;
      kernel.attention_head(job);
    }
  });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
