// The matrix kernels: one register tile, used by GEMM, by products with few rows, and by attention. Included once per
// instruction set, after elementwise.inl.

/// The largest register tile is two vectors wide, a panel or two, and as high as the registers allow: 6 rows with 16,
/// 12 with 32. Those 12 or 24 accumulators need 8 or 14 loads a step of k, so that both FMA pipes stay busy.
inline constexpr Index kWidePanels = 2 * kLanes / kPanel;
inline constexpr Index kHighRows = (kRegisters - 4) / 2 / kTileRows * kTileRows;

/// Steps of k between two visits of C. The slivers of B that a tile reads (64 or 128 KB) stay in the L2 cache, from
/// where they come as fast as they are used; at slivers that fit the L1 cache the visits cost more (AVX-512, depth 192,
/// 512, 1024: 0.83, 0.88, 0.90 of peak at 577x1024x1024; AVX2, depth 384, 1024: 0.88, 0.90).
inline constexpr Index kSliceDepth = 1024;
/// The depth of the slices that k is cut into: as few as kSliceDepth allows, about equal.
inline constexpr Index slice_depth(Index k) noexcept {
  return ceil_div(k, ceil_div(k, kSliceDepth));
}

/// How many bytes before they are needed the weights of a product with few rows are asked for: these stream from
/// memory, and the hardware's prefetcher stops at each page. (int8, 768 x 3072, two threads: one row 60 -> 54 us, three
/// 93 -> 64, six 130 -> 80; with 1024 or 16384 less.)
inline constexpr Index kStreamAhead = 4096;

/// Asks for what stands kStreamAhead behind `byte` of one or two panels, or of those that follow them.
template <int kPanels>
SHARPEYE_INLINE void prefetch_stream(const void* panel, Index stride, Index byte) noexcept {
  byte += kStreamAhead;
  if (kPanels == 2 && byte >= stride) byte += stride;
#pragma GCC unroll 2
  for (Index j = 0; j < kPanels; ++j) __builtin_prefetch(static_cast<const char*>(panel) + j * stride + byte);
}

/// The few rows of A as they stand: element (r, i) at data[r * stride + i]. Steps may be left out.
struct SparseRows {
  const float* data;
  Index stride;
  LiveSteps live;

  template <int kRows>
  const float* at(Index r, Index i) const noexcept {
    return data + r * stride + i;
  }
};
/// Rows of A packed by pack_tiles: element (r, i) of a tile at data[i * rows of the tile + r]. The tiles of one
/// register tile are tile_stride apart. (Rows as they stand take a register each for their place: with twelve of them
/// GCC moved some to vector registers and back at each step.)
struct PackedRows {
  const float* data;
  Index tile_stride;

  template <int kRows>
  const float* at(Index r, Index i) const noexcept {
    return data + r / kTileRows * tile_stride + i * (kRows < kTileRows ? kRows : kTileRows) + r % kTileRows;
  }
  template <int>
  void prefetch(Index) const noexcept {}
};
/// The same where A is one long stream, longer than the L2 cache, and B comes from memory.
struct StreamedRows : PackedRows {
  Ahead ahead;

  // Asks for what comes 1024 floats later. (The hardware's prefetcher stops at each page; 1024 was the best of 0, 256,
  // 512, 1024, 2048: fc2 0.83 -> 0.91 of peak.) The attribute is needed: GCC holds a prefetch to be without effect, and
  // drops the calls it has not inlined early.
  template <int kRows>
  __attribute__((always_inline)) void prefetch(Index i) const noexcept {
    if constexpr (kRows % kTileRows == 0) {
      __builtin_prefetch(data + i * kRows + 1024);
      const char* sliver = ahead.data + i * ahead.bytes_a_step;
      __builtin_prefetch(sliver, 0, 2);
      if constexpr (kWidePanels == 2) __builtin_prefetch(sliver + ahead.panel_stride, 0, 2);
    }
  }
};
/// Panels of B: element (i, j) at data[j / kPanel * panel_stride + i * kPanel + j % kPanel].
template <class Weight>
struct TilePanels {
  const Weight* data;
  Index panel_stride;
};

/// C[kRows, kPanels * kPanel] (+)= A[kRows, k] * B: A by broadcasts, B by one or two vectors a step, C in registers.
/// Small tiles give the steps of k to several sets of accumulators in turn, since a chain of dependent FMAs would
/// otherwise wait four cycles a step.
template <int kRows, int kPanels, class Rows, class Weight>
inline void tile(Index k, Rows a, TilePanels<Weight> b, float* c, Index ldc, bool accumulate) noexcept {
  constexpr int kVectors = kPanels * kPanel / kLanes, kSums = kRows * kVectors;
  constexpr bool kSkips = std::is_same_v<Rows, SparseRows>;
  // Where groups of steps can be left out, all of them go to the sets in the same way.
  constexpr int kSets = !kSkips ? (kSums + 7) / kSums : kSums >= 8 ? 1 : kSums >= 4 ? 2 : 4;
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
  // C is met after the loop, by then it is here.
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kPanels; ++v) __builtin_prefetch(c + r * ldc + v * kPanel, 1);
  }
  const auto step = [&](int set, Index i) {
    Vec y[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const Index j = v * kLanes;
      y[v] = load(b.data + j / kPanel * b.panel_stride + i * kPanel + j % kPanel);
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
    if (a.live.begins != nullptr) {
      for (Index group = 0; group < a.live.size; ++group) {
#pragma GCC unroll 4
        for (int j = 0; j < kSkipSteps; ++j) step(j % kSets, a.live.begins[group] + j);
      }
      i = k / kSkipSteps * kSkipSteps;
    }
  }
  for (; i + kSets <= k; i += kSets) {
    if constexpr (kSkips) {
      constexpr Index kBytes = kPanel * sizeof(Weight);
      for (Index byte = 0; byte < kSets * kBytes; byte += 64) {
        prefetch_stream<kPanels>(b.data, b.panel_stride * static_cast<Index>(sizeof(Weight)), i * kBytes + byte);
      }
    } else {
      a.template prefetch<kRows>(i);
    }
#pragma GCC unroll 16
    for (int set = 0; set < kSets; ++set) step(set, i + set);
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

/// tile<rows, kPanels> for a number of rows known at run time: at most kTileRows, or kHighRows.
template <int kPanels, class Rows, class Weight>
inline void tile_rows(Index rows, Index k, Rows a, TilePanels<Weight> b, float* c, Index ldc,
                      bool accumulate) noexcept {
  switch (rows) {
    case 1: return tile<1, kPanels>(k, a, b, c, ldc, accumulate);
    case 2: return tile<2, kPanels>(k, a, b, c, ldc, accumulate);
    case 3: return tile<3, kPanels>(k, a, b, c, ldc, accumulate);
    case 4: return tile<4, kPanels>(k, a, b, c, ldc, accumulate);
    case 5: return tile<5, kPanels>(k, a, b, c, ldc, accumulate);
    case 6: return tile<6, kPanels>(k, a, b, c, ldc, accumulate);
    default: return tile<kHighRows, kPanels>(k, a, b, c, ldc, accumulate);
  }
}

/// The same for a number of panels known at run time: 1 or kWidePanels.
template <class Rows, class Weight>
inline void tile_of(Index rows, Index panels, Index k, Rows a, TilePanels<Weight> b, float* c, Index ldc,
                    bool accumulate) noexcept {
  if (panels == 1) return tile_rows<1>(rows, k, a, b, c, ldc, accumulate);
  return tile_rows<kWidePanels>(rows, k, a, b, c, ldc, accumulate);
}

/// How many of the remaining rows the next tile takes.
inline Index tile_height(Index rest) noexcept {
  return rest >= kHighRows ? kHighRows : rest < kTileRows ? rest : kTileRows;
}
/// How many of the remaining panels the next tile takes.
inline Index tile_width(Index rest) noexcept {
  return rest < kWidePanels ? 1 : kWidePanels;
}

/// The epilogue over one finished tile; `residual` may be null.
template <Activation kActivation>
inline void finish_tile_as(Index rows, Index columns, float* c, Index ldc, const float* bias, const float* residual,
                           Index ld_residual) noexcept {
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < columns; j += kLanes) {
      Vec x = load(c + r * ldc + j);
      if (bias != nullptr) x = add(x, load(bias + j));
      x = activate<kActivation>(x);
      if (residual != nullptr) x = add(x, load(residual + r * ld_residual + j));
      store(c + r * ldc + j, x);
    }
  }
}

inline void finish_tile(Activation activation, Index rows, Index columns, float* c, Index ldc, const float* bias,
                        const float* residual, Index ld_residual) noexcept {
  switch (activation) {
    case Activation::kNone:
      if (bias == nullptr && residual == nullptr) return;
      return finish_tile_as<Activation::kNone>(rows, columns, c, ldc, bias, residual, ld_residual);
    case Activation::kRelu:
      return finish_tile_as<Activation::kRelu>(rows, columns, c, ldc, bias, residual, ld_residual);
    case Activation::kGelu:
      return finish_tile_as<Activation::kGelu>(rows, columns, c, ldc, bias, residual, ld_residual);
    case Activation::kQuickGelu:
      return finish_tile_as<Activation::kQuickGelu>(rows, columns, c, ldc, bias, residual, ld_residual);
  }
}

inline void copy_columns(Index rows, Index columns, const float* from, Index ld_from, float* to, Index ld_to) noexcept {
  const std::size_t bytes = static_cast<std::size_t>(columns) * sizeof(float);
  for (Index r = 0; r < rows; ++r) std::memcpy(to + r * ld_to, from + r * ld_from, bytes);
}

/// One tile of C at (row, panel): product over one slice of k, and the epilogue after the last slice. A panel that is
/// not full is computed beside C, so that nothing outside of C is touched.
template <class Rows, class Weight>
inline void tile_into(Index row, Index rows, Index panel, Index panels, Index n, Index k, Rows a, TilePanels<Weight> b,
                      float* c, Index ldc, const Epilogue& epilogue, bool first, bool last) noexcept {
  const Index column = panel * kPanel, width = panels * kPanel;
  const Index columns = n - column < width ? n - column : width;
  const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
  const float* residual =
      epilogue.residual == nullptr ? nullptr : epilogue.residual + row * epilogue.ld_residual + column;
  float* target = c + row * ldc + column;
  if (columns == width) {
    tile_of(rows, panels, k, a, b, target, ldc, !first);
    if (last) finish_tile(epilogue.activation, rows, width, target, ldc, bias, residual, epilogue.ld_residual);
    return;
  }
  constexpr Index kWidth = kWidePanels * kPanel;
  alignas(64) float beside[kHighRows * kWidth] = {};
  if (!first) copy_columns(rows, columns, target, ldc, beside, kWidth);
  tile_of(rows, panels, k, a, b, beside, kWidth, !first);
  if (last) {
    alignas(64) float residual_beside[kHighRows * kWidth] = {};
    if (residual != nullptr) copy_columns(rows, columns, residual, epilogue.ld_residual, residual_beside, kWidth);
    finish_tile(epilogue.activation, rows, width, beside, kWidth, bias, residual == nullptr ? nullptr : residual_beside,
                kWidth);
  }
  copy_columns(rows, columns, beside, kWidth, target, ldc);
}

/// Copies kRows rows of A, k columns, so that the k-th elements of the rows stand together.
template <Index kRows>
inline void pack_tile(Index k, const float* a, Index lda, float* packed) noexcept {
  Index i = 0;
  if constexpr (kRows == kTileRows) {
    for (; i + kLanes <= k; i += kLanes) {
      Vec rows[kRows];
#pragma GCC unroll 8
      for (Index r = 0; r < kRows; ++r) rows[r] = load(a + r * lda + i);
      store_columns(rows, packed + i * kRows);
    }
  }
  for (; i < k; ++i) {
    for (Index r = 0; r < kRows; ++r) packed[i * kRows + r] = a[r * lda + i];
  }
}

/// Copies `rows` rows of A, k columns, into tiles of kTileRows rows, the last one of as many as are left.
inline void pack_tiles(Index rows, Index k, const float* a, Index lda, float* packed) noexcept {
  for (Index row = 0; row < rows; row += kTileRows) {
    const float* source = a + row * lda;
    float* target = packed + row * k;
    switch (rows - row) {
      case 1: pack_tile<1>(k, source, lda, target); break;
      case 2: pack_tile<2>(k, source, lda, target); break;
      case 3: pack_tile<3>(k, source, lda, target); break;
      case 4: pack_tile<4>(k, source, lda, target); break;
      case 5: pack_tile<5>(k, source, lda, target); break;
      default: pack_tile<6>(k, source, lda, target); break;
    }
  }
}

/// Copies rows [row_begin, row_end) of A [m, k] into tiles, slice of k after slice: a block's tiles of one slice are
/// one stretch of memory. (Whole rows of tiles would lie a power of two apart when k is one, and evict each other.)
inline void pack_rows(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                      float* packed) noexcept {
  const Index depth = slice_depth(k);
  for (Index begin = 0; begin < k; begin += depth) {
    const Index slice = k - begin < depth ? k - begin : depth;
    pack_tiles(row_end - row_begin, slice, a + row_begin * lda + begin, lda, packed + begin * m + row_begin * slice);
  }
}

/// The same result from A^T: A's element (row, i) stands at a[i * lda + row].
inline void pack_columns(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                         float* packed) noexcept {
  const Index depth = slice_depth(k);
  for (Index begin = 0; begin < k; begin += depth) {
    const Index slice = k - begin < depth ? k - begin : depth;
    for (Index row = row_begin; row < row_end; row += kTileRows) {
      const Index rows = m - row < kTileRows ? m - row : kTileRows;
      const float* source = a + begin * lda + row;
      float* target = packed + begin * m + row * slice;
      if (rows == kTileRows) {
        for (Index i = 0; i < slice; ++i)
          std::memcpy(target + i * kTileRows, source + i * lda, kTileRows * sizeof(float));
      } else {
        for (Index i = 0; i < slice; ++i) {
          for (Index r = 0; r < rows; ++r) target[i * rows + r] = source[i * lda + r];
        }
      }
    }
  }
}

/// The slivers of `panels` panels as floats: where they stand, or converted, so that every row block then reads them
/// from the L1 cache.
inline TilePanels<float> slivers_of(TilePanels<float> panels, Index, Index, float*) noexcept {
  return panels;
}
template <class Weight>
inline TilePanels<float> slivers_of(TilePanels<Weight> from, Index panels, Index k, float* buffer) noexcept {
  const Index size = k * kPanel;
  for (Index panel = 0; panel < panels; ++panel) {
    for (Index i = 0; i < size; i += kLanes)
      store(buffer + panel * size + i, load(from.data + panel * from.panel_stride + i));
  }
  return {buffer, size};
}

template <class Weight>
inline void gemm_block_of(const GemmBlock& block) noexcept {
  const PackedWeights& w = block.weights;
  alignas(64) float buffer[kSliceDepth * kWidePanels * kPanel];
  const Index panel_stride = w.k * kPanel;
  const Index depth = slice_depth(w.k);
  for (Index begin = 0; begin < w.k; begin += depth) {
    const Index k = w.k - begin < depth ? w.k - begin : depth;
    const bool last = begin + k == w.k;
    for (Index panel = block.panel_begin; panel < block.panel_end;) {
      const Index panels = tile_width(block.panel_end - panel);
      const Weight* weights = static_cast<const Weight*>(w.data) + panel * panel_stride + begin * kPanel;
      const TilePanels<float> b = slivers_of(TilePanels<Weight>{weights, panel_stride}, panels, k, buffer);
      // Next come the panels beside these, or the first ones of the next slice.
      const bool turn = panel + panels == block.panel_end;
      const Weight* next =
          turn ? weights - (panel - block.panel_begin) * panel_stride + k * kPanel : weights + panels * panel_stride;
      const Index next_panels = tile_width(block.panel_end - (turn ? block.panel_begin : panel + panels));
      constexpr Index kBytes = sizeof(Weight);
      const Index tiles = ceil_div(block.row_end - block.row_begin, kHighRows);
      Ahead ahead{reinterpret_cast<const char*>(next), next_panels == 1 ? 0 : panel_stride * kBytes,
                  turn && last ? 0 : ceil_div(kPanel * kBytes, tiles)};
      for (Index row = block.row_begin; row < block.row_end;) {
        const Index rows = tile_height(block.row_end - row);
        const StreamedRows a{{block.packed_a + begin * block.m + row * k, kTileRows * k}, ahead};
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
  const Index panel_stride = w.k * kPanel;
  for (Index panel = block.panel_begin; panel < block.panel_end;) {
    const Index panels = tile_width(block.panel_end - panel);
    tile_into(0, block.m, panel, panels, w.n, w.k, SparseRows{block.a, block.lda, block.live},
              TilePanels<Weight>{static_cast<const Weight*>(w.data) + panel * panel_stride, panel_stride}, block.c,
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
