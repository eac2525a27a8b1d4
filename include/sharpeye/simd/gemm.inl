#pragma once

/// @file
/// Bodies of gemm.hpp.

#include "sharpeye/simd/gemm.hpp"

#include <unistd.h>

#include <algorithm>

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"
#include "sharpeye/simd/parts.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

namespace detail {

/// The most rows of a block of A, so that its KC steps (4 KB a row) stays in the L2 cache beside the slivers of B:
/// 108 (442 KB) for 1 MB, 228 for 2 MB. Fewer and higher blocks convert 16-bit weights less often. Whole
/// micro-tiles of 12 rows.
inline Index max_block_rows() noexcept {
#if defined(_SC_LEVEL2_CACHE_SIZE)
  static const Index bytes = static_cast<Index>(::sysconf(_SC_LEVEL2_CACHE_SIZE));
#else
  constexpr Index bytes = 0;  // not known
#endif
  return std::clamp<Index>(bytes / 4096 * 45 / 100 / 12 * 12, 108, 240);
}

}  // namespace detail

SHARPEYE_BODY void gemm(ThreadPool& pool, Arena& arena, Index m, const float* a, Index lda, const Product* products,
                        Index count) {
  if (m == 0) return;
  const KernelTable& kernel = kernels();
  const Index k = products[0].weights.k;
  if (m <= kMR) {
    // Few rows: bound by reading the weights once. Chunks of about 64 KB keep the counter quiet and the cores level.
    const auto chunk_of = [](const PackedWeights& weights) {
      return std::max<Index>(1, 65536 / weights.panel_bytes());
    };
    const ArenaBuffer begins = arena.acquire(static_cast<std::size_t>(k / kSkipSteps) * sizeof(std::int32_t));
    const LiveSteps live = find_live_steps(m, k, a, lda, static_cast<std::int32_t*>(begins.data()));
    for_each_part(
        pool, products, count,
        [&](const PackedWeights& weights) { return ceil_div(weights.panels(), chunk_of(weights)); },
        [&](const Product& product, Index part) {
          const PackedWeights& weights = product.weights;
          const Index chunk = chunk_of(weights);
          kernel.gemv_block({m, part * chunk, std::min(weights.panels(), (part + 1) * chunk), a, lda, weights,
                             product.c, product.ldc, product.epilogue, live});
        });
    return;
  }
  const ArenaBuffer packed = arena.acquire(static_cast<std::size_t>(m * k) * sizeof(float));
  auto* packed_a = static_cast<float*>(packed.data());
  constexpr Index kPackRows = 8 * kMR;
  pool.parallel_for(ceil_div(m, kPackRows), [&](Index job) {
    kernel.pack_rows(job * kPackRows, std::min(m, (job + 1) * kPackRows), m, k, a, lda, packed_a);
  });
  const Index rows = round_up(ceil_div(m, ceil_div(m, detail::max_block_rows())), 2 * kMR);
  const Index row_blocks = ceil_div(m, rows);
  // Jobs of about 25 MFLOP (a quarter of a millisecond), small enough that a core stolen for a moment costs little; but
  // at least eight panels, so that fetching the block of A from the L3 cache is worth it.
  const Index panels = std::clamp<Index>(25'000'000 / (2 * rows * kNR * k), 8, 16) / 2 * 2;
  for_each_part(
      pool, products, count,
      [&](const PackedWeights& weights) { return row_blocks * ceil_div(weights.panels(), panels); },
      [&](const Product& product, Index part) {
        const PackedWeights& weights = product.weights;
        const Index row = part % row_blocks * rows;  // neighbours in time share the micro-panels of weights
        const Index panel = part / row_blocks * panels;
        kernel.gemm_block({m, row, std::min(m, row + rows), panel, std::min(weights.panels(), panel + panels), packed_a,
                           weights, product.c, product.ldc, product.epilogue});
      });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
