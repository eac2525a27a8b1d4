// Products with integer weights: 8-bit activations by 8-bit or 4-bit weights, summed exactly in 32 bits. The sums do
// not depend on their order, so every instruction set gives the same bits up to the scales.

/// What one pass over a row has seen; two of them in turn do not wait for each other.
struct SeenRange {
  // The largest of x and of -x. (Not the smallest of x: a NaN must not displace what was seen before it.)
  Vec high = broadcast(-std::numeric_limits<float>::infinity()), low = high, poison = broadcast(0.0f);

  void see(Vec x) noexcept {
    high = max(x, high);
    low = max(sub(broadcast(0.0f), x), low);
    poison = fma(x, broadcast(0.0f), poison);  // NaN as soon as one x is not finite
  }
};

/// One row of k numbers in [-127, 127] for a micro-panel of `height` rows; sums of each kGroup of them. @return all
/// their sum
inline std::int32_t quantize_row(Index k, const float* a, Index height, std::int8_t* values, float& scale,
                                 float& offset, std::int32_t* sums) noexcept {
  SeenRange even, odd;
  Index seen = 0;
  for (; seen + 2 * kLanes <= k; seen += 2 * kLanes) {
    even.see(load(a + seen));
    odd.see(load(a + seen + kLanes));
  }
  for (; seen < k; seen += kLanes) even.see(seen + kLanes <= k ? load(a + seen) : load_first(a + seen, k - seen, a[0]));
  const float largest = reduce_max(max(even.high, odd.high)), smallest = -reduce_max(max(even.low, odd.low));
  const bool is_finite = reduce_add(add(even.poison, odd.poison)) == 0;
  offset = is_finite ? 0.5f * smallest + 0.5f * largest : 0;
  const float limit = is_finite ? 0.5f * largest - 0.5f * smallest : 0;
  scale = is_finite ? limit / 127 : std::numeric_limits<float>::quiet_NaN();
  const Vec factor = broadcast(limit > 0 ? 127 / limit : 0.0f), center = broadcast(offset);
  std::int32_t total = 0;
  for (Index group = 0; group * kGroup < k; ++group) {
    Vec sum = broadcast(0.0f);  // of integers, exact
    for (Index i = group * kGroup; i < (group + 1) * kGroup; i += kLanes) {
      const Vec x = i + kLanes <= k ? load(a + i) : load_first(a + i, k > i ? k - i : 0, offset);
      const Vec rounded = is_finite ? round(mul(sub(x, center), factor)) : broadcast(0.0f);
      sum = add(sum, rounded);
      alignas(64) std::int8_t bytes[kLanes];
      store_bytes(bytes, rounded);
#pragma GCC unroll 4
      for (Index j = 0; j < kLanes; j += 4) std::memcpy(values + (i + j) * height, bytes + j, 4);
    }
    sums[group] = static_cast<std::int32_t>(reduce_add(sum));
    total += sums[group];
  }
  return total;
}

/// Rows [row_begin, row_end) (beginning on a micro-panel) of A [m, k] as 8-bit integers: offset = (max + min) / 2 of
/// the row, scale = (max - min) / 254, value = round((a - offset) / scale). What an activation function has left on one
/// side of zero thus uses all 8 bits. A row with a NaN or an infinity has the scale NaN.
inline void quantize_rows(Index row_begin, Index row_end, Index m, Index k, const float* a, Index lda,
                          std::int8_t* values, float* scales, float* offsets, std::int32_t* sums,
                          std::int32_t* totals) noexcept {
  const Index groups = ceil_div(k, kGroup);
  for (Index row = row_begin; row < row_end; ++row) {
    const Index in_panel = row % kMR, first = row - in_panel;
    const Index height = m - first < kMR ? m - first : kMR;
    totals[row] = quantize_row(k, a + row * lda, height, values + first * groups * kGroup + in_panel * 4, scales[row],
                               offsets[row], sums + row * groups);
  }
}

/// The height of the micro-panels of A under a micro-tile of kRows rows.
template <int kRows>
SHARPEYE_INLINE Index panel_height(const QuantizedRows& a, Index row) noexcept {
  return kFewRows ? a.height(row) : kRows < kMR ? kRows : kMR;
}

/// The four bytes (r, i) to (r, i + 3) of a micro-tile.
SHARPEYE_INLINE IntVec four_bytes(const std::int8_t* a, Index a_panel_bytes, Index height, int r, Index i) noexcept {
  return broadcast_bytes(a + r / kMR * a_panel_bytes + i * height + r % kMR * 4);
}

/// Four steps of k: kRows rows of A times one line of each panel.
template <int kRows, int kVectors>
SHARPEYE_INLINE void byte_step(const std::int8_t* a, Index a_panel_bytes, const std::uint8_t* b, Index stride,
                               IntVec (&sum)[kRows][kVectors]) noexcept {
  IntVec y[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    const Index j = v * kLanes;
    y[v] = load_bytes(b + j / kNR * stride + j % kNR * 4);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const IntVec x = broadcast_bytes(a + r / kMR * a_panel_bytes + r % kMR * 4);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[r][v] = dot_bytes(sum[r][v], y[v], x);
  }
}

/// All steps of k where some are left out, k being whole groups: with the value z that means 0 in a row,
/// sum(q w) = sum over the others of (q - z) w, and z sum(w).
template <int kRows, int kVectors, int kSets>
SHARPEYE_INLINE void sparse_byte_steps(const IntegerBlock& block, const std::int8_t* a, Index row, Index panel,
                                       IntVec (&sum)[kSets][kRows][kVectors]) noexcept {
  const PackedWeights& w = block.weights;
  const Index stride = w.panel_bytes(), height = panel_height<kRows>(block.a, row);
  const auto* b = static_cast<const std::uint8_t*>(w.data) + panel * stride;
  std::int32_t row_sums[kVectors * kLanes];  // sum(w), of whole numbers
  for (int j = 0; j < kVectors * kLanes; ++j) {
    const float sum_w = w.sums[panel * kNR + j] / w.scales[panel * kNR + j];
    const bool is_column = std::fabs(sum_w) < 1 << 22;  // and not what fills up the panel
    row_sums[j] = is_column ? static_cast<std::int32_t>(sum_w + (sum_w < 0 ? -0.5f : 0.5f)) : 0;
  }
  IntVec minus_zero[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    const std::int32_t zero = block.a.zeros[row + r];
    alignas(64) std::int32_t of_zeros[kVectors * kLanes];
    for (int j = 0; j < kVectors * kLanes; ++j) of_zeros[j] = zero * row_sums[j];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[0][r][v] = add(sum[0][r][v], load_bytes(reinterpret_cast<const std::uint8_t*>(of_zeros + v * kLanes)));
    }
    alignas(4) std::int8_t bytes[4];
    for (std::int8_t& byte : bytes) byte = static_cast<std::int8_t>(-zero);
    minus_zero[r] = broadcast_bytes(bytes);
  }
  for (Index group = 0; group < block.a.live.size; ++group) {
    const Index i = block.a.live.begins[group];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Index j = v * kLanes;
      const IntVec y = load_bytes(b + j / kNR * stride + i * kNR + j % kNR * 4);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        sum[0][r][v] = dot_bytes(sum[0][r][v], y, broadcast_bytes(a + i * height + r * 4));
        sum[kSets - 1][r][v] = dot_bytes(sum[kSets - 1][r][v], y, minus_zero[r]);
      }
    }
  }
}

/// C[kRows, kPanels * kNR] = a_scale * b_scale * (A B) + a_offset * b_sum of 8-bit weights. As in gemm.inl small
/// micro-tiles have several sets of sums.
template <int kRows, int kPanels>
inline void byte_kernel(const IntegerBlock& block, Index row, Index panel, Ahead ahead, float* c, Index ldc) noexcept {
  constexpr int kVectors = kPanels * kNR / kLanes;
  constexpr int kSets = kFewRows ? 1 : (kRows * kVectors + 7) / (kRows * kVectors);
  const PackedWeights& w = block.weights;
  const Index stride = w.panel_bytes(), a_panel_bytes = kMR * block.a.row_bytes();
  const Index height = panel_height<kRows>(block.a, row);
  const auto* b = static_cast<const std::uint8_t*>(w.data) + panel * stride;
  const std::int8_t* a = block.a.first_of(row);
  const LiveSteps& live = block.a.live;
  const bool skips = kRows <= kMR && live.begins != nullptr;
  const bool streams = kRows <= kMR && block.a.m <= kMR;
  IntVec sum[kSets][kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    std::int32_t total = block.a.totals[row + r];
    if (skips) total -= block.a.zeros[row + r] * static_cast<std::int32_t>(w.k);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sum[0][r][v] = broadcast_int(-kByteOffset * total);
#pragma GCC unroll 8
      for (int set = 1; set < kSets; ++set) sum[set][r][v] = broadcast_int(0);
    }
  }
  if constexpr (kRows <= kMR) {
    if (skips) sparse_byte_steps<kRows, kVectors>(block, a, row, panel, sum);
  }
  Index i = skips ? w.k : 0;
#if defined(SHARPEYE_NEON_MATRIX)
  if constexpr (kRows == kMR) {
    if (!skips) i = add_matrix_products(w.k, a, b, sum[0]);
  }
#endif
  for (; i + 4 * kSets <= w.k; i += 4 * kSets) {
    if (streams) {
      for (int set = 0; set < kSets; ++set) prefetch_stream<kPanels>(b, stride, (i + 4 * set) * kNR);
    } else {
      const char* next = ahead.data + i / 4 * ahead.bytes_a_step;
      __builtin_prefetch(next, 0, 2);
      if constexpr (kPanels == 2) __builtin_prefetch(next + ahead.panel_stride, 0, 2);
    }
#pragma GCC unroll 8
    for (int set = 0; set < kSets; ++set) {
      byte_step<kRows, kVectors>(a + (i + 4 * set) * height, a_panel_bytes, b + (i + 4 * set) * kNR, stride, sum[set]);
    }
  }
  for (; i < w.k; i += 4) byte_step<kRows, kVectors>(a + i * height, a_panel_bytes, b + i * kNR, stride, sum[0]);
  const float* scales = w.scales + panel * kNR;
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const Vec scale = broadcast(block.a.scales[row + r]), offset = broadcast(block.a.offsets[row + r]);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      IntVec total = sum[0][r][v];
#pragma GCC unroll 8
      for (int set = 1; set < kSets; ++set) total = add(total, sum[set][r][v]);
      store(c + r * ldc + v * kLanes, fused(offset, load(w.sums + panel * kNR + v * kLanes),
                                            mul(to_float(total), mul(scale, load(scales + v * kLanes)))));
    }
  }
}

/// Groups of k of 4-bit weights. Products with many rows go through them block by block, and C holds the sums between
/// two blocks.
struct Groups {
  Index begin, end, all;
};

/// Where sums are narrow, 4-bit weights that many rows read are unpacked once, a block of groups of a micro-tile's
/// panels at a time. (600 x 3072 x 768, one thread, AVX2: 15.9 -> 10.5 ms with narrow sums -> 9.4 unpacked; int8 takes
/// 11.0. With VNNI, whose products are so cheap, unpacking gains nothing.) One group of a panel: 16 scales, then a byte
/// for each number, four steps of k after four.
inline constexpr Index kUnpackedGroups = kUnpackedSteps / kGroup, kUnpackedGroupBytes = kNR * 4 + kNR * kGroup;

/// @param next what is unpacked after it: prefetched, as it comes from memory
inline void unpack_nibbles(const std::uint8_t* data, Index groups, const std::uint8_t* next,
                           std::uint8_t* unpacked) noexcept {
  for (Index group = 0; group < groups; ++group) {
    for (Index byte = 0; byte < kGroupBytes; byte += 64) __builtin_prefetch(next + group * kGroupBytes + byte, 0, 2);
    const auto* scales = reinterpret_cast<const float16*>(data);
    for (Index i = 0; i < kNR; i += kLanes) store(reinterpret_cast<float*>(unpacked) + i, load(scales + i));
    const std::uint8_t* both = data + kNR * 2;
    std::uint8_t* out = unpacked + kNR * 4;
    for (Index line = 0; line < kGroup / 8; ++line) {
      for (Index i = 0; i < 4 * kNR; i += 4 * kLanes) {
        const IntVec pair = load_bytes(both + line * 4 * kNR + i), low = low_nibbles(pair), high = high_nibbles(pair);
        std::memcpy(out + line * 8 * kNR + i, &low, sizeof low);
        std::memcpy(out + line * 8 * kNR + 4 * kNR + i, &high, sizeof high);
      }
    }
    data += kGroupBytes;
    unpacked += kUnpackedGroupBytes;
  }
}

/// The same of 4-bit weights, group after group; the last panel's columns beyond n have scale 0.
/// @param unpacked the groups of these panels as unpack_nibbles leaves them, or null
template <int kRows, int kPanels, bool kUnpacked>
inline void nibble_kernel(const IntegerBlock& block, Index row, Index panel, const Groups& range,
                          const std::uint8_t* unpacked, float* c, Index ldc) noexcept {
  constexpr int kVectors = kPanels * kNR / kLanes, kLineVectors = kNR / kLanes;
  // All products of a group fit into 16 bits: two in each, of 15 and 127 at most.
  static_assert(kGroup / 4 * 2 * (2 * kNibbleLimit - 1) * 127 < 1 << 15);
  const PackedWeights& w = block.weights;
  const Index stride = w.panel_bytes(), groups = block.a.groups, a_panel_bytes = kMR * block.a.row_bytes();
  const Index height = panel_height<kRows>(block.a, row);
  const auto* b = static_cast<const std::uint8_t*>(w.data) + panel * stride;
  const std::int8_t* a = block.a.first_of(row);
  Vec total[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      total[r][v] = range.begin == 0 ? broadcast(0.0f) : load(c + r * ldc + v * kLanes);
  }
  for (Index group = range.begin; group < range.end; ++group) {
    const std::uint8_t* data = b + group * kGroupBytes;
    const std::uint8_t* bytes = kUnpacked ? unpacked + (group - range.begin) * kUnpackedGroupBytes : nullptr;
    if (block.a.m <= kMR) {
      for (Index byte = 0; byte < kGroupBytes; byte += 64)
        prefetch_stream<kPanels>(b, stride, group * kGroupBytes + byte);
    }
    IntVec sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const IntVec start = broadcast_int(kNarrowSums ? 0 : -kNibbleOffset * block.a.sums[(row + r) * groups + group]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = start;
    }
    // (Of narrow sums a loop: of the whole group at once GCC makes a tree, for which there are no registers.)
#pragma GCC unroll(kNarrowSums ? 1 : 4)
    for (int line = 0; line < kGroup / 8; ++line) {
      IntVec low[kVectors], high[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Index in_line = v % kLineVectors * 4 * kLanes;
        if constexpr (kUnpacked) {
          const std::uint8_t* from =
              bytes + v / kLineVectors * kUnpackedGroups * kUnpackedGroupBytes + kNR * 4 + line * 8 * kNR + in_line;
          low[v] = load_bytes(from);
          high[v] = load_bytes(from + 4 * kNR);
        } else {
          const IntVec both = load_bytes(data + v / kLineVectors * stride + kNR * 2 + line * 4 * kNR + in_line);
          low[v] = low_nibbles(both);
          high[v] = high_nibbles(both);
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Index i = group * kGroup + line * 8;
        const IntVec first = four_bytes(a, a_panel_bytes, height, r, i),
                     second = four_bytes(a, a_panel_bytes, height, r, i + 4);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sum[r][v] = dot_nibbles(dot_nibbles(sum[r][v], low[v], first), high[v], second);
        }
      }
    }
    Vec scale[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Index first = v % kLineVectors * kLanes;
      if constexpr (kUnpacked) {
        const std::uint8_t* of_panel = bytes + v / kLineVectors * kUnpackedGroups * kUnpackedGroupBytes;
        scale[v] = load(reinterpret_cast<const float*>(of_panel) + first);
      } else {
        scale[v] = load(reinterpret_cast<const float16*>(data + v / kLineVectors * stride) + first);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const IntVec start = broadcast_int(kNarrowSums ? -kNibbleOffset * block.a.sums[(row + r) * groups + group] : 0);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const IntVec whole = kNarrowSums ? add(widen_sum(sum[r][v]), start) : sum[r][v];
        total[r][v] = fma(to_float(whole), scale[v], total[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const Vec scale = broadcast(block.a.scales[row + r]), offset = broadcast(block.a.offsets[row + r]);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Vec sums = load(w.sums + panel * kNR + v * kLanes);
      store(c + r * ldc + v * kLanes,
            range.end < range.all ? total[r][v] : fused(offset, sums, mul(total[r][v], scale)));
    }
  }
}

/// What a micro-tile of integers needs beside its operands: of 8-bit weights what to prefetch, of 4-bit weights the
/// groups, and these unpacked where it is as high as they are unpacked for.
struct TileExtras {
  Ahead ahead;
  Groups groups;
  const std::uint8_t* unpacked;
};

/// The micro-kernel of a number format: 8 bits or 4.
template <bool kNibbles, int kRows, int kPanels>
inline void integer_kernel(const IntegerBlock& block, Index row, Index panel, const TileExtras& extras, float* c,
                           Index ldc) noexcept {
  if constexpr (kNibbles) {
    nibble_kernel<kRows, kPanels, false>(block, row, panel, extras.groups, nullptr, c, ldc);
  } else {
    byte_kernel<kRows, kPanels>(block, row, panel, extras.ahead, c, ldc);
  }
}

template <bool kNibbles, int kPanels>
inline void integer_kernel_rows(const IntegerBlock& block, Index row, Index rows, Index panel, const TileExtras& extras,
                                float* c, Index ldc) noexcept {
  if constexpr (kFewRows) {
    for (Index r = 0; r < rows; ++r)
      integer_kernel<kNibbles, 1, kPanels>(block, row + r, panel, extras, c + r * ldc, ldc);
    return;
  }
  switch (rows) {
    case 1: return integer_kernel<kNibbles, 1, kPanels>(block, row, panel, extras, c, ldc);
    case 2: return integer_kernel<kNibbles, 2, kPanels>(block, row, panel, extras, c, ldc);
    case 3: return integer_kernel<kNibbles, 3, kPanels>(block, row, panel, extras, c, ldc);
    case 4: return integer_kernel<kNibbles, 4, kPanels>(block, row, panel, extras, c, ldc);
    case 5: return integer_kernel<kNibbles, 5, kPanels>(block, row, panel, extras, c, ldc);
    case 6:
      if constexpr (kNibbles && kNarrowSums) {
        if (extras.unpacked != nullptr) {
          return nibble_kernel<kMR, kPanels, true>(block, row, panel, extras.groups, extras.unpacked, c, ldc);
        }
      }
      return integer_kernel<kNibbles, 6, kPanels>(block, row, panel, extras, c, ldc);
    default:
      // A group's sums and totals share the registers, so a micro-tile of 4-bit weights is half as high.
      if constexpr (!kNibbles) return integer_kernel<kNibbles, kHighRows, kPanels>(block, row, panel, extras, c, ldc);
  }
}

/// One block of k: all of it for 8-bit weights, and for few rows.
template <bool kNibbles>
inline void integer_block_of(const IntegerBlock& block, const Groups& groups, std::uint8_t* unpacked) noexcept {
  const PackedWeights& w = block.weights;
  const bool is_first = groups.begin == 0, is_last = groups.end == groups.all;
  for (Index panel = block.panel_begin; panel < block.panel_end;) {
    const Index panels = tile_width(block.panel_end - panel);
    const Index column = panel * kNR, width = panels * kNR;
    const Index columns = w.n - column < width ? w.n - column : width;
    const float* bias = block.epilogue.bias == nullptr ? nullptr : block.epilogue.bias + column;
    const Index stride = w.panel_bytes(), tiles = ceil_div(block.row_end - block.row_begin, kHighRows);
    const Index next_panels = panel + panels == block.panel_end ? 0 : tile_width(block.panel_end - panel - panels);
    const auto* data = static_cast<const std::uint8_t*>(w.data) + panel * stride;
    TileExtras extras{{reinterpret_cast<const char*>(data) + (next_panels == 0 ? 0 : panels) * stride,
                       next_panels == 2 ? stride : 0, next_panels == 0 ? 0 : ceil_div(4 * kNR, tiles)},
                      groups,
                      unpacked};
    if (kNibbles && unpacked != nullptr) {
      for (Index j = 0; j < panels; ++j) {
        const std::uint8_t* from = data + j * stride + groups.begin * kGroupBytes;
        unpack_nibbles(from, groups.end - groups.begin, from + (j < next_panels ? panels * stride : 0),
                       unpacked + j * kUnpackedGroups * kUnpackedGroupBytes);
      }
    }
    for (Index row = block.row_begin; row < block.row_end;) {
      const Index rest = block.row_end - row;
      const Index rows = kNibbles ? (rest < kMR ? rest : kMR) : tile_height(rest);
      constexpr Index kWidth = kWidePanels * kNR;
      alignas(64) float beside[kHighRows * kWidth], residual_beside[kHighRows * kWidth];
      float* target = block.c + row * block.ldc + column;
      const float* residual = block.epilogue.residual == nullptr
                                  ? nullptr
                                  : block.epilogue.residual + row * block.epilogue.ld_residual + column;
      const bool is_whole = columns == width;
      Index ld_residual = block.epilogue.ld_residual;
      if (!is_whole && is_last && residual != nullptr) {
        std::memset(residual_beside, 0, sizeof residual_beside);
        copy_columns(rows, columns, residual, ld_residual, residual_beside, kWidth);
        residual = residual_beside;
        ld_residual = kWidth;
      }
      float* c = is_whole ? target : beside;
      const Index ldc = is_whole ? block.ldc : kWidth;
      if (!is_whole && !is_first) {
        std::memset(beside, 0, sizeof beside);
        copy_columns(rows, columns, target, block.ldc, c, ldc);
      }
      if (panels == 1) {
        integer_kernel_rows<kNibbles, 1>(block, row, rows, panel, extras, c, ldc);
      } else {
        integer_kernel_rows<kNibbles, kWidePanels>(block, row, rows, panel, extras, c, ldc);
      }
      extras.ahead.data += w.k / 4 * extras.ahead.bytes_a_step;
      if (is_last) finish_tile(block.epilogue.activation, rows, width, c, ldc, bias, residual, ld_residual);
      if (!is_whole) copy_columns(rows, columns, c, ldc, target, block.ldc);
      row += rows;
    }
    panel += panels;
  }
}

inline void integer_block(const IntegerBlock& block) noexcept {
  const Index groups = block.a.groups;
  if (block.weights.format != WeightFormat::kInt4) return integer_block_of<false>(block, {0, groups, groups}, nullptr);
  if (!kNarrowSums || block.a.m <= kMR) return integer_block_of<true>(block, {0, groups, groups}, nullptr);
  alignas(64) std::uint8_t unpacked[kWidePanels * kUnpackedGroups * kUnpackedGroupBytes];
  for (Index begin = 0; begin < groups; begin += kUnpackedGroups) {
    const Index end = groups - begin < kUnpackedGroups ? groups : begin + kUnpackedGroups;
    integer_block_of<true>(block, {begin, end, groups}, unpacked);
  }
}
