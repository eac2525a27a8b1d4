// Packing A into micro-panels.

/// Copies kRows rows of A, k columns, so that the k-th elements of the rows stand together.
template <Index kRows>
inline void pack_micro_panel(Index k, const float* a, Index lda, float* packed) noexcept {
  Index i = 0;
  if constexpr (kRows == kMR) {
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

/// Copies `rows` rows of A, k columns, into micro-panels, the last one of as many rows as are left.
inline void pack_micro_panels(Index rows, Index k, const float* a, Index lda, float* packed) noexcept {
  for (Index row = 0; row < rows; row += kMR) {
    const float* source = a + row * lda;
    float* target = packed + row * k;
    switch (rows - row) {
      case 1: pack_micro_panel<1>(k, source, lda, target); break;
      case 2: pack_micro_panel<2>(k, source, lda, target); break;
      case 3: pack_micro_panel<3>(k, source, lda, target); break;
      case 4: pack_micro_panel<4>(k, source, lda, target); break;
      case 5: pack_micro_panel<5>(k, source, lda, target); break;
      default: pack_micro_panel<6>(k, source, lda, target); break;
    }
  }
}

/// Copies rows [row_begin, row_end) of A [m, k] into micro-panels, block of k after block: those of one block are
/// one stretch of memory. (Micro-panels through all of k would lie a power of two apart when k is one, and evict each
/// other.)
inline void pack_rows(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                      float* packed) noexcept {
  const Index depth = block_depth(k);
  for (Index begin = 0; begin < k; begin += depth) {
    const Index slice = k - begin < depth ? k - begin : depth;
    pack_micro_panels(row_end - row_begin, slice, a + row_begin * lda + begin, lda,
                      packed + begin * m + row_begin * slice);
  }
}

/// The same result from A^T: A's element (row, i) stands at a[i * lda + row].
inline void pack_columns(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                         float* packed) noexcept {
  const Index depth = block_depth(k);
  for (Index begin = 0; begin < k; begin += depth) {
    const Index slice = k - begin < depth ? k - begin : depth;
    for (Index row = row_begin; row < row_end; row += kMR) {
      const Index rows = m - row < kMR ? m - row : kMR;
      const float* source = a + begin * lda + row;
      float* target = packed + begin * m + row * slice;
      if (rows == kMR) {
        for (Index i = 0; i < slice; ++i) std::memcpy(target + i * kMR, source + i * lda, kMR * sizeof(float));
      } else {
        for (Index i = 0; i < slice; ++i) {
          for (Index r = 0; r < rows; ++r) target[i * rows + r] = source[i * lda + r];
        }
      }
    }
  }
}
