#pragma once

/// @file
/// GEMM and attention over a thread pool: packing, the split into jobs, and the choice of kernel by shape.

#include <algorithm>

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// Packs W [n, k] into panels of `Weight` elements (see PackedWeights); `element(row, column)` gives what to store.
template <class Weight, class Element>
void pack_weights(Index n, Index k, const Element& element, Weight* packed) {
  for (Index panel = 0; panel < ceil_div(n, kPanel); ++panel) {
    Weight* target = packed + panel * kPanel * k;
    const Index rows = std::min(kPanel, n - panel * kPanel);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j < rows; ++j) target[i * kPanel + j] = static_cast<Weight>(element(panel * kPanel + j, i));
      for (Index j = rows; j < kPanel; ++j) target[i * kPanel + j] = Weight{};
    }
  }
}

/// C[m, n] = epilogue(A[m, k] * W^T) on all threads of `pool`. The result does not depend on their number: every
/// element is summed over k in the same order wherever it is computed.
inline void gemm(ThreadPool& pool, Arena& arena, Index m, const float* a, Index lda, const PackedWeights& weights,
                 float* c, Index ldc, const Epilogue& epilogue) {
  if (m == 0) return;
  const KernelTable& kernel = kernels();
  if (m <= kTileRows) {
    // Few rows: bound by reading the weights once. Chunks of about 64 KB keep the counter quiet and the cores level.
    const Index chunk = std::max<Index>(1, 65536 / (kPanel * weights.k * size_of(weights.dtype)));
    pool.parallel_for(ceil_div(weights.panels(), chunk), [&](Index job) {
      kernel.gemv_block(
          {m, job * chunk, std::min(weights.panels(), (job + 1) * chunk), a, lda, weights, c, ldc, epilogue});
    });
    return;
  }
  const ArenaBuffer packed = arena.acquire(static_cast<std::size_t>(m * weights.k) * sizeof(float));
  auto* packed_a = static_cast<float*>(packed.data());
  constexpr Index kPackRows = 8 * kTileRows;
  pool.parallel_for(ceil_div(m, kPackRows), [&](Index job) {
    kernel.pack_rows(job * kPackRows, std::min(m, (job + 1) * kPackRows), m, weights.k, a, lda, packed_a);
  });
  // A block of at most 108 rows: its slice of A (108 x 1024 floats, 442 KB) stays in the L2 cache, beside the slivers
  // of B, also where that has 1 MB. Whole tiles of 12 rows leave one block with lower tiles.
  constexpr Index kMaxRows = 18 * kTileRows;
  const Index rows = round_up(ceil_div(m, ceil_div(m, kMaxRows)), 2 * kTileRows);
  const Index row_blocks = ceil_div(m, rows);
  // Jobs of about 25 MFLOP (a quarter of a millisecond), small enough that a core stolen for a moment costs little; but
  // at least eight panels, so that fetching the slice of A from the L3 cache is worth it.
  const Index panels = std::clamp<Index>(25'000'000 / (2 * rows * kPanel * weights.k), 8, 16) / 2 * 2;
  const Index panel_blocks = ceil_div(weights.panels(), panels);
  pool.parallel_for(row_blocks * panel_blocks, [&](Index job) {
    const Index row = job % row_blocks * rows;  // neighbours in time share the panels of weights
    const Index panel = job / row_blocks * panels;
    kernel.gemm_block({m, row, std::min(m, row + rows), panel, std::min(weights.panels(), panel + panels), packed_a,
                       weights, c, ldc, epilogue});
  });
}

/// Multi-head attention: head h takes columns [h * head_dim, (h + 1) * head_dim) of q, k, v and out. `head` describes
/// head 0 (its scratch is provided here).
inline void attention(ThreadPool& pool, Arena& arena, Index num_heads, const AttentionHead& head) {
  const Index scratch = attention_scratch(head.num_keys, head.head_dim);
  const ArenaBuffer buffer = arena.acquire(static_cast<std::size_t>(num_heads * scratch) * sizeof(float));
  const KernelTable& kernel = kernels();
  pool.parallel_for(num_heads, [&](Index index) {
    AttentionHead job = head;
    const Index column = index * head.head_dim;
    job.q += column;
    job.k += column;
    job.v += column;
    job.out += column;
    job.scratch = static_cast<float*>(buffer.data()) + index * scratch;
    kernel.attention_head(job);
  });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
