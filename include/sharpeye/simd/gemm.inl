// The matrix kernels: one register tile, used by GEMM, by products with few rows, and by attention. Included once per
// instruction set, after elementwise.inl.

/// C[kRows, 16] (+)= A[kRows, k] * B[k, 16]: A by broadcasts (its element (r, i) at a[r * row_stride + i * k_stride]),
/// B by two vectors a step (ldb apart), C in registers. With few rows the steps of k go to several sets of
/// accumulators, since a chain of dependent FMAs would otherwise wait four cycles a step.
template <int kRows, class Weight>
inline void tile(Index k, const float* a, Index row_stride, Index k_stride, const Weight* b, Index ldb, float* c,
                 Index ldc, bool accumulate) noexcept {
  constexpr int kSets = kRows == 1 ? 4 : kRows <= 3 ? 2 : 1;
  Vec sum[kSets][kRows][2];
#pragma GCC unroll 8
  for (int set = 0; set < kSets; ++set) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const bool from_c = set == 0 && accumulate;
      sum[set][r][0] = from_c ? load(c + r * ldc) : broadcast(0.0f);
      sum[set][r][1] = from_c ? load(c + r * ldc + 8) : broadcast(0.0f);
    }
  }
  for (int r = 0; r < kRows; ++r) __builtin_prefetch(c + r * ldc, 1);  // written after the loop, by then it is here
  Index i = 0;
  for (; i + kSets <= k; i += kSets) {
#pragma GCC unroll 8
    for (int set = 0; set < kSets; ++set) {
      const Vec b0 = load(b + (i + set) * ldb);
      const Vec b1 = load(b + (i + set) * ldb + 8);
      // Packed A is one long stream, and longer than the L2 cache: ask for what comes 1.8 tiles later. (The hardware's
      // prefetcher stops at each page; 1024 floats was the best of 0, 256, 512, 1024, 2048: fc2 0.83 -> 0.91 of peak.)
      if (kRows == kTileRows) __builtin_prefetch(a + (i + set) * k_stride + 1024);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Vec x = broadcast(a[r * row_stride + (i + set) * k_stride]);
        sum[set][r][0] = fma(x, b0, sum[set][r][0]);
        sum[set][r][1] = fma(x, b1, sum[set][r][1]);
      }
    }
  }
  for (; i < k; ++i) {
    const Vec b0 = load(b + i * ldb);
    const Vec b1 = load(b + i * ldb + 8);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vec x = broadcast(a[r * row_stride + i * k_stride]);
      sum[0][r][0] = fma(x, b0, sum[0][r][0]);
      sum[0][r][1] = fma(x, b1, sum[0][r][1]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    for (int half = 0; half < 2; ++half) {
      Vec total = sum[0][r][half];
#pragma GCC unroll 8
      for (int set = 1; set < kSets; ++set) total = add(total, sum[set][r][half]);
      store(c + r * ldc + half * 8, total);
    }
  }
}

/// tile<rows> for a number of rows known at run time.
template <class Weight>
inline void tile_rows(Index rows, Index k, const float* a, Index row_stride, Index k_stride, const Weight* b, Index ldb,
                      float* c, Index ldc, bool accumulate) noexcept {
  switch (rows) {
    case 1: return tile<1>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
    case 2: return tile<2>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
    case 3: return tile<3>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
    case 4: return tile<4>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
    case 5: return tile<5>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
    default: return tile<6>(k, a, row_stride, k_stride, b, ldb, c, ldc, accumulate);
  }
}

/// The epilogue over one finished tile; `residual` may be null.
template <Activation kActivation>
inline void finish_tile_as(Index rows, float* c, Index ldc, const float* bias, const float* residual,
                           Index ld_residual) noexcept {
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < kPanel; j += 8) {
      Vec x = load(c + r * ldc + j);
      if (bias != nullptr) x = add(x, load(bias + j));
      x = activate<kActivation>(x);
      if (residual != nullptr) x = add(x, load(residual + r * ld_residual + j));
      store(c + r * ldc + j, x);
    }
  }
}

inline void finish_tile(Activation activation, Index rows, float* c, Index ldc, const float* bias,
                        const float* residual, Index ld_residual) noexcept {
  switch (activation) {
    case Activation::kNone:
      if (bias == nullptr && residual == nullptr) return;
      return finish_tile_as<Activation::kNone>(rows, c, ldc, bias, residual, ld_residual);
    case Activation::kRelu: return finish_tile_as<Activation::kRelu>(rows, c, ldc, bias, residual, ld_residual);
    case Activation::kGelu: return finish_tile_as<Activation::kGelu>(rows, c, ldc, bias, residual, ld_residual);
    case Activation::kQuickGelu:
      return finish_tile_as<Activation::kQuickGelu>(rows, c, ldc, bias, residual, ld_residual);
  }
}

inline void copy_columns(Index rows, Index columns, const float* from, Index ld_from, float* to, Index ld_to) noexcept {
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < columns; ++j) to[r * ld_to + j] = from[r * ld_from + j];
  }
}

/// One tile of C at (row, panel): product over one slice of k, and the epilogue after the last slice. A panel that is
/// not full is computed beside C, so that nothing outside of C is touched.
template <class Weight>
inline void tile_into(Index row, Index rows, Index panel, Index n, Index k, const float* a, Index row_stride,
                      Index k_stride, const Weight* b, float* c, Index ldc, const Epilogue& epilogue, bool first,
                      bool last) noexcept {
  const Index column = panel * kPanel;
  const Index columns = n - column < kPanel ? n - column : kPanel;
  const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
  const float* residual =
      epilogue.residual == nullptr ? nullptr : epilogue.residual + row * epilogue.ld_residual + column;
  float* target = c + row * ldc + column;
  if (columns == kPanel) {
    tile_rows(rows, k, a, row_stride, k_stride, b, kPanel, target, ldc, !first);
    if (last) finish_tile(epilogue.activation, rows, target, ldc, bias, residual, epilogue.ld_residual);
    return;
  }
  alignas(32) float beside[kTileRows * kPanel] = {};
  if (!first) copy_columns(rows, columns, target, ldc, beside, kPanel);
  tile_rows(rows, k, a, row_stride, k_stride, b, kPanel, beside, kPanel, !first);
  if (last) {
    alignas(32) float residual_beside[kTileRows * kPanel] = {};
    if (residual != nullptr) copy_columns(rows, columns, residual, epilogue.ld_residual, residual_beside, kPanel);
    finish_tile(epilogue.activation, rows, beside, kPanel, bias, residual == nullptr ? nullptr : residual_beside,
                kPanel);
  }
  copy_columns(rows, columns, beside, kPanel, target, ldc);
}

/// Copies kRows rows of A, k columns, so that the k-th elements of the rows stand together.
template <Index kRows>
inline void pack_tile(Index k, const float* a, Index lda, float* packed) noexcept {
  Index i = 0;
  // Eight columns at a time. Each column is stored as eight floats of which the next store overwrites the last two, so
  // this ends before the last columns.
  for (; kRows == kTileRows && i + 16 <= k; i += 8) {
    Vec x[8];
#pragma GCC unroll 8
    for (Index r = 0; r < 8; ++r) x[r] = r < kRows ? load(a + r * lda + i) : broadcast(0.0f);
    transpose(x);
#pragma GCC unroll 8
    for (Index j = 0; j < 8; ++j) store(packed + (i + j) * kRows, x[j]);
  }
  for (; i < k; ++i) {
    for (Index r = 0; r < kRows; ++r) packed[i * kRows + r] = a[r * lda + i];
  }
}

/// Copies rows [row_begin, row_end) of A [m, k] into tiles, slice of k after slice: a block's tiles of one slice are
/// one stretch of memory. (Whole rows of tiles would lie a power of two apart when k is one, and evict each other.)
inline void pack_rows(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                      float* packed) noexcept {
  const Index depth = slice_depth(k);
  for (Index begin = 0; begin < k; begin += depth) {
    const Index slice = k - begin < depth ? k - begin : depth;
    for (Index row = row_begin; row < row_end; row += kTileRows) {
      const float* source = a + row * lda + begin;
      float* target = packed + begin * m + row * slice;
      switch (m - row) {
        case 1: pack_tile<1>(slice, source, lda, target); break;
        case 2: pack_tile<2>(slice, source, lda, target); break;
        case 3: pack_tile<3>(slice, source, lda, target); break;
        case 4: pack_tile<4>(slice, source, lda, target); break;
        case 5: pack_tile<5>(slice, source, lda, target); break;
        default: pack_tile<6>(slice, source, lda, target); break;
      }
    }
  }
}

/// The sliver of a panel as floats: the panel itself, or a conversion that every row block then reads from the L1
/// cache.
inline const float* sliver_of(const float* panel, Index, float*) noexcept {
  return panel;
}
template <class Weight>
inline const float* sliver_of(const Weight* panel, Index k, float* buffer) noexcept {
  for (Index i = 0; i < k * kPanel; i += 8) store(buffer + i, load(panel + i));
  return buffer;
}

template <class Weight>
inline void gemm_block_of(const GemmBlock& block) noexcept {
  const PackedWeights& w = block.weights;
  alignas(64) float buffer[kSliceDepth * kPanel];
  const Index depth = slice_depth(w.k);
  for (Index begin = 0; begin < w.k; begin += depth) {
    const Index k = w.k - begin < depth ? w.k - begin : depth;
    const bool last = begin + k == w.k;
    for (Index panel = block.panel_begin; panel < block.panel_end; ++panel) {
      const Weight* weights = static_cast<const Weight*>(w.data) + (panel * w.k + begin) * kPanel;
      const float* b = sliver_of(weights, k, buffer);
      // The next panel's sliver comes from memory: each tile asks for its share of it.
      const Index tiles = ceil_div(block.row_end - block.row_begin, kTileRows);
      const Index share = round_up(k * kPanel * static_cast<Index>(sizeof(Weight)) / tiles, 64);
      const char* ahead = reinterpret_cast<const char*>(weights + w.k * kPanel);
      for (Index row = block.row_begin; row < block.row_end; row += kTileRows) {
        const Index rows = block.row_end - row < kTileRows ? block.row_end - row : kTileRows;
        for (Index i = 0; panel + 1 < block.panel_end && i < share; i += 64) __builtin_prefetch(ahead + i);
        ahead += share;
        tile_into(row, rows, panel, w.n, k, block.packed_a + begin * block.m + row * k, 1, rows, b, block.c, block.ldc,
                  block.epilogue, begin == 0, last);
      }
    }
  }
}

template <class Weight>
inline void gemv_block_of(const GemvBlock& block) noexcept {
  const PackedWeights& w = block.weights;
  for (Index panel = block.panel_begin; panel < block.panel_end; ++panel) {
    tile_into(0, block.m, panel, w.n, w.k, block.a, block.lda, 1,
              static_cast<const Weight*>(w.data) + panel * w.k * kPanel, block.c, block.ldc, block.epilogue, true,
              true);
  }
}

inline void gemm_block(const GemmBlock& block) noexcept {
  switch (block.weights.dtype) {
    case DType::kF16: return gemm_block_of<float16>(block);
    case DType::kBF16: return gemm_block_of<bfloat16>(block);
    default: return gemm_block_of<float>(block);
  }
}

inline void gemv_block(const GemvBlock& block) noexcept {
  switch (block.weights.dtype) {
    case DType::kF16: return gemv_block_of<float16>(block);
    case DType::kBF16: return gemv_block_of<bfloat16>(block);
    default: return gemv_block_of<float>(block);
  }
}
