#pragma once

/// @file
/// GEMM and attention over a thread pool: packing, the split into jobs, and the choice of kernel by shape.

#include <unistd.h>

#include <algorithm>
#include <atomic>

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

/// Packs integers W [n, k] in [-kByteLimit, kByteLimit] as PackedWeights of I8; panel_bytes() for each panel.
template <class Element>
void pack_bytes(Index n, Index k, const Element& element, std::uint8_t* packed) {
  const Index depth = round_up(k, 4);
  for (Index panel = 0; panel < ceil_div(n, kPanel); ++panel) {
    for (Index i = 0; i < depth; ++i) {
      for (Index j = 0; j < kPanel; ++j) {
        const Index row = panel * kPanel + j;
        const int value = row < n && i < k ? element(row, i) : 0;
        packed[panel * kPanel * depth + i / 4 * 4 * kPanel + j * 4 + i % 4] =
            static_cast<std::uint8_t>(value + kByteOffset);
      }
    }
  }
}

/// Packs integers W [n, k] in [-kNibbleLimit, kNibbleLimit - 1], k a multiple of kGroup, as PackedWeights of U8.
/// @param scale `float16(row, group)`
template <class Element, class Scale>
void pack_nibbles(Index n, Index k, const Element& element, const Scale& scale, std::uint8_t* packed) {
  const Index groups = k / kGroup;
  for (Index panel = 0; panel < ceil_div(n, kPanel); ++panel) {
    for (Index group = 0; group < groups; ++group) {
      std::uint8_t* target = packed + (panel * groups + group) * kGroupBytes;
      std::memset(target, 0, kGroupBytes);
      for (Index j = 0; j < kPanel; ++j) {
        const Index row = panel * kPanel + j;
        if (row >= n) continue;
        const float16 factor = scale(row, group);
        std::memcpy(target + 2 * j, &factor, sizeof factor);
        for (Index i = 0; i < kGroup; ++i) {
          const int value = element(row, group * kGroup + i) + kNibbleOffset;
          std::uint8_t& byte = target[2 * kPanel + i / 8 * 4 * kPanel + j * 4 + i % 4];
          byte = static_cast<std::uint8_t>(byte | (i % 8 < 4 ? value : value << 4));
        }
      }
    }
  }
}

/// Row `row` of integer weights as floats: out [k].
inline void unpack_row(const PackedWeights& weights, Index row, float* out) {
  const auto* panel = static_cast<const std::uint8_t*>(weights.data) + row / kPanel * weights.panel_bytes();
  const Index column = row % kPanel;
  for (Index i = 0; i < weights.k; ++i) {
    if (weights.format == WeightFormat::kInt8) {
      const Index at = i / 4 * 4 * kPanel + column * 4 + i % 4;
      out[i] = static_cast<float>(panel[at] - kByteOffset) * weights.scales[row];
      continue;
    }
    const std::uint8_t* group = panel + i / kGroup * kGroupBytes;
    float16 scale;
    std::memcpy(&scale, group + 2 * column, sizeof scale);
    const Index at = 2 * kPanel + i % kGroup / 8 * 4 * kPanel + column * 4 + i % 4;
    const int number = (i % 8 < 4 ? group[at] & 15 : group[at] >> 4) - kNibbleOffset;
    out[i] = static_cast<float>(number) * static_cast<float>(scale);
  }
}

/// The groups of steps at which some row of A [m, k] is not zero (a NaN is not). @param begins [k / kSkipSteps]
/// receives them. Where they are more than half, leaving the others out gains nothing (measured: up to about 60 %), and
/// the result stands for all.
inline LiveSteps find_live_steps(Index m, Index k, const float* a, Index lda, std::int32_t* begins) {
  Index size = 0;
  const Index most = k / kSkipSteps / 2;
  for (Index i = 0; i + kSkipSteps <= k; i += kSkipSteps) {
    std::uint32_t bits = 0;
    for (Index r = 0; r < m; ++r) {
      std::uint32_t steps[kSkipSteps];
      std::memcpy(steps, a + r * lda + i, sizeof steps);
      for (const std::uint32_t step : steps) bits |= step;
    }
    if ((bits & 0x7fffffff) == 0) continue;  // without the sign: -0 is zero too
    if (size == most) return {};
    begins[size++] = static_cast<std::int32_t>(i);
  }
  return {begins, size};
}

/// A's rows as 8-bit integers, and the memory where they stand.
struct QuantizedMatrix {
  ArenaBuffer values, scales, offsets, sums, totals, begins, zeros;
  QuantizedRows rows;
};

/// A [m, k] quantized on all threads of `pool`. @param skips whether to look for steps that 8-bit products leave out.
inline QuantizedMatrix quantize(ThreadPool& pool, Arena& arena, Index m, Index k, const float* a, Index lda,
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
  constexpr Index kRows = 2 * kTileRows;
  pool.parallel_for(ceil_div(m, kRows), [&](Index job) {
    kernel.quantize_rows(job * kRows, std::min(m, (job + 1) * kRows), m, k, a, lda, values, scales, offsets, sums,
                         totals);
  });
  result.rows = {values, scales, offsets, sums, totals, m, groups};
  // The sum of a row's weights, divided by their scale, is exact up to here: 63 k < 2^21.
  if (!skips || m > kTileRows || k % kGroup != 0 || k > 32768) return result;
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

/// One of the products that A is multiplied for: C[m, n] = epilogue(A[m, k] * W^T).
struct Product {
  PackedWeights weights;
  float* c;
  Index ldc;
  Epilogue epilogue;
};

/// `body(product, part)` for each of the `parts(weights)` parts of each product, in one loop: threads wait for each
/// other once and not after each product.
template <class Parts, class Body>
void for_each_part(ThreadPool& pool, const Product* products, Index count, const Parts& parts, const Body& body) {
  Index total = 0;
  for (Index i = 0; i < count; ++i) total += parts(products[i].weights);
  pool.parallel_for(total, [&](Index part) {
    const Product* product = products;
    for (; part >= parts(product->weights); ++product) part -= parts(product->weights);
    body(*product, part);
  });
}

/// Products of A with integer weights, all of the same k. The same bits for any number of threads.
inline void integer_gemm(ThreadPool& pool, const QuantizedRows& a, const Product* products, Index count) {
  const Index m = a.m;
  if (m == 0) return;
  const KernelTable& kernel = kernels();
  // Few rows: bound by reading the weights once, in chunks of about 64 KB. Many: blocks of A that stay in the L2 cache
  // beside the panels, and jobs of about 50 million products.
  const bool is_decode = m <= kTileRows;
  const Index most_rows = std::max<Index>(2 * kTileRows, 262144 / a.row_bytes() / (2 * kTileRows) * 2 * kTileRows);
  const Index rows = is_decode ? m : round_up(ceil_div(m, ceil_div(m, most_rows)), 2 * kTileRows);
  const Index row_blocks = ceil_div(m, rows);
  const auto panels_of = [=](const PackedWeights& weights) {
    return is_decode ? std::max<Index>(1, 65536 / weights.panel_bytes())
                     : std::clamp<Index>(50'000'000 / (rows * kPanel * weights.k), 4, 64) / 2 * 2;
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

/// The most rows of a block of A, so that its slice (1024 floats a row) stays in the L2 cache beside the slivers of B:
/// 108 (442 KB) for 1 MB, 228 for 2 MB. Fewer and higher blocks convert 16-bit weights less often. Whole tiles of 12
/// rows.
inline Index max_block_rows() noexcept {
#if defined(_SC_LEVEL2_CACHE_SIZE)
  static const Index bytes = static_cast<Index>(::sysconf(_SC_LEVEL2_CACHE_SIZE));
#else
  constexpr Index bytes = 0;  // not known
#endif
  return std::clamp<Index>(bytes / 4096 * 45 / 100 / 12 * 12, 108, 240);
}

/// Products of A [m, k] with floating-point weights, all of the same k, on all threads of `pool`. The results do not
/// depend on their number: every element is summed over k in the same order wherever it is computed.
inline void gemm(ThreadPool& pool, Arena& arena, Index m, const float* a, Index lda, const Product* products,
                 Index count) {
  if (m == 0) return;
  const KernelTable& kernel = kernels();
  const Index k = products[0].weights.k;
  if (m <= kTileRows) {
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
  constexpr Index kPackRows = 8 * kTileRows;
  pool.parallel_for(ceil_div(m, kPackRows), [&](Index job) {
    kernel.pack_rows(job * kPackRows, std::min(m, (job + 1) * kPackRows), m, k, a, lda, packed_a);
  });
  const Index rows = round_up(ceil_div(m, ceil_div(m, max_block_rows())), 2 * kTileRows);
  const Index row_blocks = ceil_div(m, rows);
  // Jobs of about 25 MFLOP (a quarter of a millisecond), small enough that a core stolen for a moment costs little; but
  // at least eight panels, so that fetching the slice of A from the L3 cache is worth it.
  const Index panels = std::clamp<Index>(25'000'000 / (2 * rows * kPanel * k), 8, 16) / 2 * 2;
  for_each_part(
      pool, products, count,
      [&](const PackedWeights& weights) { return row_blocks * ceil_div(weights.panels(), panels); },
      [&](const Product& product, Index part) {
        const PackedWeights& weights = product.weights;
        const Index row = part % row_blocks * rows;  // neighbours in time share the panels of weights
        const Index panel = part / row_blocks * panels;
        kernel.gemm_block({m, row, std::min(m, row + rows), panel, std::min(weights.panels(), panel + panels), packed_a,
                           weights, product.c, product.ldc, product.epilogue});
      });
}

/// Multi-head attention: head h takes columns [h * head_dim, (h + 1) * head_dim) of q, k, v and out. `head` describes
/// head 0 (its scratch is provided here: one for each thread, which keeps it in its cache from head to head).
inline void attention(ThreadPool& pool, Arena& arena, Index num_heads, const AttentionHead& head) {
  const Index scratch = attention_scratch(head.num_keys, head.head_dim);
  const Index workers = std::min<Index>(pool.size(), num_heads);
  const ArenaBuffer buffer = arena.acquire(static_cast<std::size_t>(workers * scratch) * sizeof(float));
  const KernelTable& kernel = kernels();
  std::atomic<Index> next{0};
  pool.parallel_for(workers, [&](Index worker) {
    AttentionHead job = head;
    job.scratch = static_cast<float*>(buffer.data()) + worker * scratch;
    for (Index index; (index = next.fetch_add(1, std::memory_order_relaxed)) < num_heads;) {
      const Index column = index * head.head_dim;
      job.q = head.q + column;
      job.k = head.k + column;
      job.v = head.v + column;
      job.out = head.out + column;
      kernel.attention_head(job);
    }
  });
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
