#pragma once

/// @file
/// Bodies of integer_gemm.hpp.

#include "sharpeye/simd/integer_gemm.hpp"

#include <algorithm>

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"
#include "sharpeye/simd/parts.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

SHARPEYE_BODY QuantizedMatrix quantize(ThreadPool& pool, Arena& arena, Index m, Index k, const float* a, Index lda,
                                       bool skips) {
  QuantizedMatrix result;
  const Index groups = ceil_div(k, kGroup);
  result.values = arena.acquire(static_cast<std::size_t>(m * groups * kGroup));
  result.scales = arena.acquire(static_cast<std::size_t>(m) * sizeof(float));
  result.offsets = arena.acquire(static_cast<std::size_t>(m) * sizeof(float));
  result.sums = arena.acquire(static_cast<std::size_t>(m * groups) * sizeof(std::int32_t));
  result.totals = arena.acquire(static_cast<std::size_t>(m) * sizeof(std::int32_t));
  auto* values = static_cast<std::int8_t*>(result.values.data());
  auto* scales = static_cast<float*>(result.scales.data());
  auto* offsets = static_cast<float*>(result.offsets.data());
  auto* sums = static_cast<std::int32_t*>(result.sums.data());
  auto* totals = static_cast<std::int32_t*>(result.totals.data());
  const KernelTable& kernel = kernels();
  constexpr Index kRows = 2 * kMR;
  pool.parallel_for(ceil_div(m, kRows), [&](Index job) {
    kernel.quantize_rows(job * kRows, std::min(m, (job + 1) * kRows), m, k, a, lda, values, scales, offsets, sums,
                         totals);
  });
  result.rows = {values, scales, offsets, sums, totals, m, groups};
  // The sum of a row's weights, divided by their scale, is exact up to here: 63 k < 2^21.
  if (!skips || m > kMR || k % kGroup != 0 || k > 32768) return result;
  result.begins = arena.acquire(static_cast<std::size_t>(k / kSkipSteps) * sizeof(std::int32_t));
  auto* begins = static_cast<std::int32_t*>(result.begins.data());
  const LiveSteps live = find_live_steps(m, k, a, lda, begins);
  if (live.begins == nullptr) return result;
  Index left_out = 0;  // the first that is
  while (left_out < live.size && begins[left_out] == left_out * kSkipSteps) ++left_out;
  result.zeros = arena.acquire(static_cast<std::size_t>(m) * sizeof(std::int32_t));
  auto* zeros = static_cast<std::int32_t*>(result.zeros.data());
  for (Index r = 0; r < m; ++r) zeros[r] = +values[left_out * kSkipSteps * m + r * 4];  // +: a number, not a character
  result.rows.live = live;
  result.rows.zeros = zeros;
  return result;
}

SHARPEYE_BODY void integer_gemm(ThreadPool& pool, const QuantizedRows& a, const Product* products, Index count) {
  const Index m = a.m;
  if (m == 0) return;
  const KernelTable& kernel = kernels();
  // Few rows: bound by reading the weights once, in chunks of about 64 KB. Many: blocks of A that stay in the L2 cache
  // beside the micro-panels, and jobs of about 50 million products.
  // Weights that are unpacked for a block of rows want it high: then it is a slice of k that stays in the L2 cache, and
  // enough panels that A's next slice is worth fetching.
  const bool is_decode = m <= kMR;
  const bool unpacks = (kernel.isa == Isa::kAvx2 || kernel.isa == Isa::kAvx512) &&
                       std::any_of(products, products + count, [](const Product& product) {
                         return product.weights.format == WeightFormat::kInt4;
                       });
  const Index slice = unpacks ? std::min(a.row_bytes(), kUnpackedSteps) : a.row_bytes();
  const Index most_rows = std::max<Index>(2 * kMR, 262144 / slice / (2 * kMR) * 2 * kMR);
  const Index least_panels = slice < a.row_bytes() ? 12 : 4;
  const Index rows = is_decode ? m : round_up(ceil_div(m, ceil_div(m, most_rows)), 2 * kMR);
  const Index row_blocks = ceil_div(m, rows);
  const auto panels_of = [=](const PackedWeights& weights) {
    return is_decode ? std::max<Index>(1, 65536 / weights.panel_bytes())
                     : std::clamp<Index>(50'000'000 / (rows * kNR * weights.k), least_panels, 64) / 2 * 2;
  };
  for_each_part(
      pool, products, count,
      [&](const PackedWeights& weights) { return row_blocks * ceil_div(weights.panels(), panels_of(weights)); },
      [&](const Product& product, Index part) {
        const PackedWeights& weights = product.weights;
        const Index panels = panels_of(weights);
        const Index row = part % row_blocks * rows, panel = part / row_blocks * panels;
        kernel.integer_block({row, std::min(m, row + rows), panel, std::min(weights.panels(), panel + panels), a,
                              weights, product.c, product.ldc, product.epilogue});
      });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
