// The micro-kernel of float products, and the blocks and attention that are made of it.

/// The few rows of A as they stand: element (r, i) at data[r * stride + i]. Steps may be left out.
struct SparseRows {
  const float* data;
  Index stride;
  LiveSteps live;

  template <int kRows>
  const float* at(Index r, Index i) const noexcept {
    return data + r * stride + i;
  }
  SparseRows rows_from(Index r, Index) const noexcept { return {data + r * stride, stride, live}; }
};
/// Some rows of one micro-panel of A, which is `height` rows high: element (r, i) at data[i * height + r].
struct RowsOfPanel {
  const float* data;
  Index height;

  template <int>
  const float* at(Index r, Index i) const noexcept {
    return data + i * height + r;
  }
  template <int>
  void prefetch(Index) const noexcept {}
};
/// Micro-panels of A: element (r, i) of one at data[i * its rows + r]. Those of one micro-tile are panel_stride apart.
/// (Rows as they stand take a register each for their place: with twelve of them GCC moved some to vector registers and
/// back at each step.)
struct PackedRows {
  const float* data;
  Index panel_stride;
  Ahead ahead;

  template <int kRows>
  const float* at(Index r, Index i) const noexcept {
    return data + r / kMR * panel_stride + i * (kRows < kMR ? kRows : kMR) + r % kMR;
  }
  RowsOfPanel rows_from(Index r, Index rows) const noexcept {
    const Index rest = rows - r / kMR * kMR;
    return {data + r / kMR * panel_stride + r % kMR, rest < kMR ? rest : kMR};
  }
  // A may be one long stream, longer than the L2 cache: this asks for what comes 1024 floats later. (The hardware's
  // prefetcher stops at each page; 1024 was the best of 0, 256, 512, 1024, 2048: fc2 0.83 -> 0.91 of peak.) The
  // attribute is needed: GCC holds a prefetch to be without effect, and drops the calls it has not inlined early.
  template <int kRows>
  __attribute__((always_inline)) void prefetch(Index i) const noexcept {
    if constexpr (kRows % kMR == 0) {
      __builtin_prefetch(data + i * kRows + 1024);
      const char* sliver = ahead.data + i * ahead.bytes_a_step;
      __builtin_prefetch(sliver, 0, 2);
      if constexpr (kWidePanels == 2) __builtin_prefetch(sliver + ahead.panel_stride, 0, 2);
    }
  }
};
/// Micro-panels of B: element (i, j) at data[j / kNR * panel_stride + i * kNR + j % kNR].
template <class Weight>
struct PanelsOfB {
  const Weight* data;
  Index panel_stride;
};

/// How many sets of accumulators a micro-tile of so many vectors has. Where groups of steps can be left out, all of
/// them go to the sets in the same way.
inline constexpr int accumulator_sets(int vectors, bool skips) noexcept {
  if (kFewRows) return vectors <= 2 ? 2 : 1;
  if (skips) return vectors >= 8 ? 1 : vectors >= 4 ? 2 : 4;
  return (vectors + 7) / vectors;
}

/// C[kRows, kPanels * kNR] (+)= A[kRows, k] * B: A by broadcasts, B by one or two vectors a step, C in registers.
/// Small micro-tiles give the steps of k to several sets of accumulators in turn, since a chain of dependent FMAs would
/// otherwise wait four cycles a step.
template <int kRows, int kPanels, class Rows, class Weight>
inline void micro_kernel(Index k, Rows a, PanelsOfB<Weight> b, float* c, Index ldc, bool accumulate) noexcept {
  constexpr int kVectors = kPanels * kNR / kLanes, kSums = kRows * kVectors;
  constexpr bool kSkips = std::is_same_v<Rows, SparseRows>;
  constexpr int kSets = accumulator_sets(kSums, kSkips);
  static_assert(!kSkips || kSkipSteps % kSets == 0);
  Vec sum[kSets][kRows][kVectors];
#pragma GCC unroll 16
  for (int set = 0; set < kSets; ++set) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[set][r][v] = broadcast(0.0f);
    }
  }
  // C is needed after the loop; by then it is in the cache.
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kPanels; ++v) __builtin_prefetch(c + r * ldc + v * kNR, 1);
  }
  const auto step = [&](int set, Index i) {
    decltype(load(b.data)) y[kVectors];  // Vec, or pairs of steps
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const Index j = v * kLanes;
      y[v] = load(b.data + j / kNR * b.panel_stride + i * kNR + j % kNR);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(*a.template at<kRows>(r, i));
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[set][r][v] = fma(x, y[v], sum[set][r][v]);
    }
  };
  Index i = 0;
  if constexpr (kSkips) {
    const bool all = a.live.begins == nullptr;
    const Index groups = all ? k / kSkipSteps : a.live.size;
    for (Index group = 0; group < groups; ++group) {
      i = all ? group * kSkipSteps : a.live.begins[group];
      constexpr Index kBytes = kNR * sizeof(Weight);
      for (Index byte = 0; all && byte < kSkipSteps * kBytes; byte += 64) {
        prefetch_stream<kPanels>(b.data, b.panel_stride * static_cast<Index>(sizeof(Weight)), i * kBytes + byte);
      }
#pragma GCC unroll 4
      for (int j = 0; j < kSkipSteps; ++j) step(j % kSets, i + j);
    }
    i = k / kSkipSteps * kSkipSteps;
  } else {
    for (; i + kSets <= k; i += kSets) {
      a.template prefetch<kRows>(i);
#pragma GCC unroll 16
      for (int set = 0; set < kSets; ++set) step(set, i + set);
    }
  }
  for (; i < k; ++i) step(0, i);
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* target = c + r * ldc + v * kLanes;
      Vec total = sum[0][r][v];
#pragma GCC unroll 16
      for (int set = 1; set < kSets; ++set) total = add(total, sum[set][r][v]);
      store(target, accumulate ? add(load(target), total) : total);
    }
  }
}

/// micro_kernel<rows, kPanels> for a number of rows known at run time: at most kMR, or kHighRows of packed rows.
template <int kPanels, class Rows, class Weight>
inline void micro_kernel_rows(Index rows, Index k, Rows a, PanelsOfB<Weight> b, float* c, Index ldc,
                              bool accumulate) noexcept {
  if constexpr (kFewRows) {
    Index r = 0;
    for (; r + 3 <= rows; r += 3) micro_kernel<3, kPanels>(k, a.rows_from(r, rows), b, c + r * ldc, ldc, accumulate);
    for (; r < rows; ++r) micro_kernel<1, kPanels>(k, a.rows_from(r, rows), b, c + r * ldc, ldc, accumulate);
    return;
  }
  switch (rows) {
    case 1: return micro_kernel<1, kPanels>(k, a, b, c, ldc, accumulate);
    case 2: return micro_kernel<2, kPanels>(k, a, b, c, ldc, accumulate);
    case 3: return micro_kernel<3, kPanels>(k, a, b, c, ldc, accumulate);
    case 4: return micro_kernel<4, kPanels>(k, a, b, c, ldc, accumulate);
    case 5: return micro_kernel<5, kPanels>(k, a, b, c, ldc, accumulate);
    case 6: return micro_kernel<6, kPanels>(k, a, b, c, ldc, accumulate);
    default:
      if constexpr (!std::is_same_v<Rows, SparseRows>) micro_kernel<kHighRows, kPanels>(k, a, b, c, ldc, accumulate);
  }
}

/// The same for a number of panels known at run time: 1 or kWidePanels.
template <class Rows, class Weight>
inline void micro_kernel_of(Index rows, Index panels, Index k, Rows a, PanelsOfB<Weight> b, float* c, Index ldc,
                            bool accumulate) noexcept {
  if (panels == 1) return micro_kernel_rows<1>(rows, k, a, b, c, ldc, accumulate);
  return micro_kernel_rows<kWidePanels>(rows, k, a, b, c, ldc, accumulate);
}

/// One micro-tile of C at (row, panel): product over one block of k, and the epilogue after the last block. A panel
/// that is not full is computed beside C, so that nothing outside of C is touched.
template <class Rows, class Weight>
inline void tile_into(Index row, Index rows, Index panel, Index panels, Index n, Index k, Rows a, PanelsOfB<Weight> b,
                      float* c, Index ldc, const Epilogue& epilogue, bool first, bool last) noexcept {
  const Index column = panel * kNR, width = panels * kNR;
  const Index columns = n - column < width ? n - column : width;
  const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
  const float* residual =
      epilogue.residual == nullptr ? nullptr : epilogue.residual + row * epilogue.ld_residual + column;
  float* target = c + row * ldc + column;
  if (columns == width) {
    micro_kernel_of(rows, panels, k, a, b, target, ldc, !first);
    if (last) finish_tile(epilogue.activation, rows, width, target, ldc, bias, residual, epilogue.ld_residual);
    return;
  }
  constexpr Index kWidth = kWidePanels * kNR;
  alignas(64) float beside[kHighRows * kWidth] = {};
  if (!first) copy_columns(rows, columns, target, ldc, beside, kWidth);
  micro_kernel_of(rows, panels, k, a, b, beside, kWidth, !first);
  if (last) {
    alignas(64) float residual_beside[kHighRows * kWidth] = {};
    if (residual != nullptr) copy_columns(rows, columns, residual, epilogue.ld_residual, residual_beside, kWidth);
    finish_tile(epilogue.activation, rows, width, beside, kWidth, bias, residual == nullptr ? nullptr : residual_beside,
                kWidth);
  }
  copy_columns(rows, columns, beside, kWidth, target, ldc);
}

/// The slivers of `panels` micro-panels of B as floats: where they stand, or converted, so that every row block then
/// reads them from the L1 cache.
inline PanelsOfB<float> slivers_as_floats(PanelsOfB<float> panels, Index, Index, float*) noexcept {
  return panels;
}
template <class Weight>
inline PanelsOfB<float> slivers_as_floats(PanelsOfB<Weight> from, Index panels, Index k, float* buffer) noexcept {
  const Index size = k * kNR;
  for (Index panel = 0; panel < panels; ++panel) {
    for (Index i = 0; i < size; i += kLanes)
      store(buffer + panel * size + i, load(from.data + panel * from.panel_stride + i));
  }
  return {buffer, size};
}

template <class Weight>
inline void gemm_block_of(const GemmBlock& block) noexcept {
  const PackedWeights& w = block.weights;
  alignas(64) float buffer[kKC * kWidePanels * kNR];
  const Index panel_stride = w.k * kNR;
  const Index depth = block_depth(w.k);
  for (Index begin = 0; begin < w.k; begin += depth) {
    const Index k = w.k - begin < depth ? w.k - begin : depth;
    const bool last = begin + k == w.k;
    for (Index panel = block.panel_begin; panel < block.panel_end;) {
      const Index panels = tile_width(block.panel_end - panel);
      const Weight* weights = static_cast<const Weight*>(w.data) + panel * panel_stride + begin * kNR;
      const PanelsOfB<float> b = slivers_as_floats(PanelsOfB<Weight>{weights, panel_stride}, panels, k, buffer);
      // Next come the panels beside these, or the first ones of the next block of k.
      const bool turn = panel + panels == block.panel_end;
      const Weight* next =
          turn ? weights - (panel - block.panel_begin) * panel_stride + k * kNR : weights + panels * panel_stride;
      const Index next_panels = tile_width(block.panel_end - (turn ? block.panel_begin : panel + panels));
      constexpr Index kBytes = sizeof(Weight);
      const Index tiles = ceil_div(block.row_end - block.row_begin, kHighRows);
      Ahead ahead{reinterpret_cast<const char*>(next), next_panels == 1 ? 0 : panel_stride * kBytes,
                  turn && last ? 0 : ceil_div(kNR * kBytes, tiles)};
      for (Index row = block.row_begin; row < block.row_end;) {
        const Index rows = tile_height(block.row_end - row);
        const PackedRows a{block.packed_a + begin * block.m + row * k, kMR * k, ahead};
        ahead.data += k * ahead.bytes_a_step;
        tile_into(row, rows, panel, panels, w.n, k, a, b, block.c, block.ldc, block.epilogue,
                  begin == 0 && !block.accumulate, last);
        row += rows;
      }
      panel += panels;
    }
  }
}

template <class Weight>
inline void gemv_block_of(const GemvBlock& block) noexcept {
  const PackedWeights& w = block.weights;
  const Index panel_stride = w.k * kNR;
  for (Index panel = block.panel_begin; panel < block.panel_end;) {
    const Index panels = tile_width(block.panel_end - panel);
    tile_into(0, block.m, panel, panels, w.n, w.k, SparseRows{block.a, block.lda, block.live},
              PanelsOfB<Weight>{static_cast<const Weight*>(w.data) + panel * panel_stride, panel_stride}, block.c,
              block.ldc, block.epilogue, true, true);
    panel += panels;
  }
}

inline void gemm_block(const GemmBlock& block) noexcept {
  switch (block.weights.format) {
    case WeightFormat::kF16: return gemm_block_of<float16>(block);
    case WeightFormat::kBF16: return gemm_block_of<bfloat16>(block);
    default: return gemm_block_of<float>(block);
  }
}

inline void gemv_block(const GemvBlock& block) noexcept {
  switch (block.weights.format) {
    case WeightFormat::kF16: return gemv_block_of<float16>(block);
    case WeightFormat::kBF16: return gemv_block_of<bfloat16>(block);
    default: return gemv_block_of<float>(block);
  }
}
