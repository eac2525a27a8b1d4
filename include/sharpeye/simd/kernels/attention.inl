// Attention: for each micro-tile of query rows the scores of all visible keys stand in the L1 cache, are turned into
// weights there, and meet V; no score matrix reaches memory.

/// Prefetches a row of K or V some rows before it is packed: it stands in another page, where the hardware does not
/// look. (The attribute is needed: see PackedRows::prefetch.)
template <class T>
SHARPEYE_INLINE void prefetch_row(const T* row, Index size) noexcept {
  for (Index i = 0; i < size; i += 64 / static_cast<Index>(sizeof(T))) __builtin_prefetch(row + i);
}

/// Column j of a micro-panel of B: the key, scaled.
inline void pack_key(const AttentionHead& head, const float* key, float* column) noexcept {
  for (Index i = 0; i < head.head_dim; ++i) column[i * kNR] = key[i] * head.scale;
}
inline void pack_key(const AttentionHead& head, const float16* key, float* column) noexcept {
  for_lanes(head.head_dim, [&](Index i, Index lanes) {
    alignas(64) float some[kLanes];
    store(some, mul(lanes == kLanes ? load(key + i) : load_first(key + i, lanes), broadcast(head.scale)));
    for (Index j = 0; j < lanes; ++j) column[(i + j) * kNR] = some[j];
  });
}

/// K^T scaled, in micro-panels of B: element (key, i) at panel key/16, position i * 16 + key % 16; absent keys are
/// zero.
template <class T>
inline void pack_keys(const AttentionHead& head, const T* k, float* packed) noexcept {
  for (Index first = 0; first < head.num_keys; first += kNR) {
    float* target = packed + first * head.head_dim;
    const Index keys = head.num_keys - first < kNR ? head.num_keys - first : kNR;
    if (keys < kNR) std::memset(target, 0, static_cast<std::size_t>(kNR * head.head_dim) * sizeof(float));
    for (Index j = 0; j < keys; ++j) {
      const T* key = k + (first + j) * head.ldk;
      prefetch_row(key + 8 * head.ldk, head.head_dim);
      pack_key(head, key, target + j);
    }
  }
}

/// K scaled, as 7-bit integers in the panels of PackedWeights of Int8, each key with a scale of its own; absent keys
/// are zero.
template <class T>
inline void pack_key_bytes(const AttentionHead& head, const T* k, std::uint8_t* packed, float* scales,
                           float* sums) noexcept {
  for (Index j = 0; j < round_up(head.num_keys, kNR); ++j) {
    std::uint8_t* target = packed + j / kNR * kNR * head.head_dim + j % kNR * 4;
    if (j >= head.num_keys) {
      scales[j] = sums[j] = 0;
      for (Index i = 0; i < head.head_dim; i += 4) std::memset(target + i * kNR, kByteOffset, 4);
      continue;
    }
    const T* key = k + j * head.ldk;
    prefetch_row(key + 8 * head.ldk, head.head_dim);
    Vec magnitude = broadcast(0.0f), poison = magnitude;
    for (Index i = 0; i < head.head_dim; i += kLanes) {
      const Vec x = load(key + i);
      magnitude = max(abs(x), magnitude);
      poison = fma(x, broadcast(0.0f), poison);  // NaN as soon as one x is not finite
    }
    const float largest = reduce_max(magnitude);
    const bool is_finite = reduce_add(poison) == 0;
    const Vec factor = broadcast(is_finite && largest > 0 ? kByteLimit / largest : 0.0f);
    Vec sum = broadcast(0.0f);  // of integers, exact
    for (Index i = 0; i < head.head_dim; i += kLanes) {
      const Vec rounded = is_finite ? round(mul(load(key + i), factor)) : broadcast(0.0f);
      sum = add(sum, rounded);
      alignas(64) std::int8_t bytes[kLanes];
      store_bytes(bytes, add(rounded, broadcast(static_cast<float>(kByteOffset))));
#pragma GCC unroll 4
      for (Index word = 0; word < kLanes; word += 4) std::memcpy(target + (i + word) * kNR, bytes + word, 4);
    }
    scales[j] = is_finite ? largest / kByteLimit * head.scale : std::numeric_limits<float>::quiet_NaN();
    sums[j] = reduce_add(sum) * scales[j];
  }
}

/// How many steps of k so many keys are in the product with V: one each, or, as pairs of 16 bits, one for two.
template <class Value>
inline Index steps_of(Index keys) noexcept {
  return std::is_same_v<Value, float> ? keys : ceil_div(keys, 2);
}

/// V in micro-panels of B: element (key, i) at panel i/16, position key * 16 + i % 16; absent columns are zero.
template <class T>
inline void pack_values(const AttentionHead& head, const T* v, float* packed) noexcept {
  for (Index key = 0; key < head.num_keys; ++key) {
    prefetch_row(v + (key + 8) * head.ldv, head.head_dim);
    for (Index column = 0; column < head.head_dim; column += kNR) {
      const Index columns = head.head_dim - column < kNR ? head.head_dim - column : kNR;
      const T* value = v + key * head.ldv + column;
      float* row = packed + column * head.num_keys + key * kNR;
      if (columns == kNR) {
        for (Index i = 0; i < kNR; i += kLanes) store(row + i, load(value + i));
      } else {
        for (Index i = 0; i < kNR; ++i) row[i] = i < columns ? static_cast<float>(value[i]) : 0.0f;
      }
    }
  }
}

#if defined(SHARPEYE_BF16)
/// The same as pairs of keys in the place of one: (key, i) at panel i/16, position key/2 * 16 + i % 16.
inline void pack_value_pairs(const AttentionHead& head, float* packed) noexcept {
  const Index steps = steps_of<Pair>(head.num_keys);
  for (Index key = 0; key < head.num_keys; key += 2) {
    const float *first = head.v + key * head.ldv, *second = first + head.ldv;
    prefetch_row(first + 8 * head.ldv, head.head_dim);
    prefetch_row(second + 8 * head.ldv, head.head_dim);
    for (Index column = 0; column < head.head_dim; column += kLanes) {  // whole ones: has_integer_scores()
      const Vec absent = broadcast(0.0f);
      store(packed + column * steps + key / 2 * kNR,
            zip_pairs(load(first + column), key + 1 < head.num_keys ? load(second + column) : absent));
    }
  }
}
#endif

/// e^(score - shift) of kMR rows from key i on, kLanes each, and zero where row r has no key: it sees the first
/// seen + r * more of them. Adds them to `sum`.
SHARPEYE_INLINE void softmax_numerators_of_rows(Index i, Index seen, Index more, const float* scores, Index stride,
                                                const Vec (&shift)[kMR], Vec (&sum)[kMR], Vec (&e)[kMR]) noexcept {
  if (i + kLanes <= seen) {
#pragma GCC unroll 6
    for (Index r = 0; r < kMR; ++r) {
      e[r] = exp(sub(load(scores + r * stride + i), shift[r]));
      sum[r] = add(sum[r], e[r]);
    }
    return;
  }
  for (Index r = 0; r < kMR; ++r) {  // here some rows end
    const Index rest = seen + r * more - i;
    e[r] = broadcast(0.0f);
    if (rest <= 0) continue;
    e[r] = exp(sub(load(scores + r * stride + i), shift[r]));
    if (rest < kLanes) {
      alignas(64) float some[kLanes];
      store(some, e[r]);
      e[r] = load_first(some, rest);
    }
    sum[r] = add(sum[r], e[r]);
  }
}

/// The softmax of kMR rows of `visible` scores, without its division, packed as a micro-panel of A: of floats, or of
/// pairs of them. Row r sees the first seen + r * more of them. @param normalizer receives 1 / the sum of each row
template <class Value>
inline void pack_softmax_panel(Index seen, Index more, Index visible, const float* scores, Index stride, float* packed,
                               float* normalizer) noexcept {
  Vec shift[kMR], sum[kMR], e[kMR];
  for (Index r = 0; r < kMR; ++r) {
    shift[r] = broadcast(maximum(seen + r * more, scores + r * stride));
    sum[r] = broadcast(0.0f);
  }
  for (Index i = 0; i < visible; i += kLanes) {
    softmax_numerators_of_rows(i, seen, more, scores, stride, shift, sum, e);
#if defined(SHARPEYE_BF16)
    if constexpr (!std::is_same_v<Value, float>) {
      Vec next[kMR];
      softmax_numerators_of_rows(i + kLanes, seen, more, scores, stride, shift, sum, next);
#pragma GCC unroll 6
      for (Index r = 0; r < kMR; ++r) e[r] = pairs_of_neighbours(e[r], next[r]);
      store_columns(e, packed + i / 2 * kMR);
      i += kLanes;
      continue;
    }
#endif
    store_columns(e, packed + i * kMR);
  }
  for (Index r = 0; r < kMR; ++r) normalizer[r] = 1.0f / reduce_add(sum[r]);
}

/// The same for any number of rows.
template <class Value>
inline void pack_softmax(Index rows, Index seen, Index more, Index visible, float* scores, Index stride, float* packed,
                         float* normalizer) noexcept {
  const Index steps = steps_of<Value>(visible);
  Index row = 0;
  for (; row + kMR <= rows; row += kMR) {
    pack_softmax_panel<Value>(seen + row * more, more, visible, scores + row * stride, stride, packed + row * steps,
                              normalizer + row);
  }
  for (Index r = row; r < rows; ++r) {
    float* own = scores + r * stride;
    normalizer[r] = 1.0f / softmax_numerators(seen + r * more, round_up(visible, kNR), own);
#if defined(SHARPEYE_BF16)
    if constexpr (!std::is_same_v<Value, float>) {
      for (Index i = 0; i < visible; i += 2 * kLanes) {
        const Vec first = load(own + i), second = i + kLanes < visible ? load(own + i + kLanes) : broadcast(0.0f);
        store(own + i / 2, pairs_of_neighbours(first, second));
      }
    }
#endif
  }
  pack_micro_panels(rows - row, steps, scores + row * stride, stride, packed + row * steps);
}

/// Where a head's parts stand in its scratch.
struct AttentionScratch {
  Index padded_keys;
  float *keys, *values, *scores, *packed_scores, *packed_queries, *integer_queries;

  explicit AttentionScratch(const AttentionHead& head) noexcept : padded_keys(round_up(head.num_keys, kNR)) {
    keys = head.scratch;
    values = keys + padded_keys * head.head_dim;
    scores = values + head.num_keys * round_up(head.head_dim, kNR);
    packed_scores = scores + kHighRows * padded_keys;
    packed_queries = packed_scores + kHighRows * padded_keys;
    integer_queries = packed_queries + kHighRows * head.head_dim;
  }
};

/// Q and K of one head as integers. K takes a quarter of the place for it as floats, and two floats a key.
template <class T>
inline IntegerBlock pack_integers(const AttentionHead& head, const T* k, const AttentionScratch& scratch) noexcept {
  const Index rows = head.num_queries, groups = head.head_dim / kGroup;
  float *scales = scratch.keys, *sums = scales + scratch.padded_keys;
  auto* panels = reinterpret_cast<std::uint8_t*>(sums + scratch.padded_keys);
  pack_key_bytes(head, k, panels, scales, sums);
  float *row_scales = scratch.integer_queries, *row_offsets = row_scales + rows;
  auto* row_sums = reinterpret_cast<std::int32_t*>(row_offsets + rows);
  std::int32_t* totals = row_sums + rows * groups;
  auto* bytes = reinterpret_cast<std::int8_t*>(totals + rows);
  quantize_rows(0, rows, rows, head.head_dim, head.q, head.ldq, bytes, row_scales, row_offsets, row_sums, totals);
  IntegerBlock block{};
  block.a = {bytes, row_scales, row_offsets, row_sums, totals, rows, groups};
  // Whole panels: scores of absent keys have their place.
  block.weights = {panels, WeightFormat::kInt8, scratch.padded_keys, head.head_dim, scales, sums};
  block.c = scratch.scores;
  block.ldc = scratch.padded_keys;
  return block;
}

/// @return what integer_scores() takes, where scores are integers
template <class T>
inline IntegerBlock pack_keys_and_values(const AttentionHead& head, const T* k, const T* v,
                                         const AttentionScratch& scratch) noexcept {
  pack_values(head, v, scratch.values);
  if (head.has_integer_scores()) return pack_integers(head, k, scratch);
  pack_keys(head, k, scratch.keys);
  return {};
}

/// The scores of a micro-tile of queries, of the keys in the first panels.
inline void float_scores(const AttentionHead& head, Index row, Index rows, Index key_panels,
                         const AttentionScratch& scratch) noexcept {
  const Index head_dim = head.head_dim;
  pack_micro_panels(rows, head_dim, head.q + row * head.ldq, head.ldq, scratch.packed_queries);
  const Ahead nothing{reinterpret_cast<const char*>(scratch.scores), 0, 0};  // all of it is in the cache
  for (Index panel = 0; panel < key_panels;) {
    const Index panels = tile_width(key_panels - panel);
    const Index key = panel * kNR;
    micro_kernel_of(rows, panels, head_dim, PackedRows{scratch.packed_queries, kMR * head_dim, nothing},
                    PanelsOfB<float>{scratch.keys + key * head_dim, kNR * head_dim}, scratch.scores + key,
                    scratch.padded_keys, false);
    panel += panels;
  }
}

inline void integer_scores(const AttentionHead& head, Index row, Index rows, Index key_panels,
                           IntegerBlock block) noexcept {
  block.row_end = rows;
  block.panel_end = key_panels;
  QuantizedRows& a = block.a;
  a.values += row * a.row_bytes();
  a.scales += row;
  a.offsets += row;
  a.sums += row * a.groups;
  a.totals += row;
  a.m -= row;
  head.integer_block(block);
}

/// Adds the keys' bias to rows of scores.
inline void add_key_bias(const float* bias, Index rows, Index visible, float* scores, Index stride) noexcept {
  for (Index r = 0; r < rows; ++r, scores += stride) {
    Index i = 0;
    for (; i + kLanes <= visible; i += kLanes) store(scores + i, add(load(scores + i), load(bias + i)));
    for (; i < visible; ++i) scores[i] += bias[i];
  }
}

/// @tparam Value float, or pairs of 16 bits for the weights of V and for V
template <class Value>
inline void attention_head_of(const AttentionHead& head, const IntegerBlock& integers,
                              const AttentionScratch& scratch) noexcept {
  const Index head_dim = head.head_dim, value_steps = steps_of<Value>(head.num_keys);
  const Ahead nothing{reinterpret_cast<const char*>(scratch.scores), 0, 0};  // all of it is in the cache
  for (Index row = 0; row < head.num_queries;) {
    const Index rows = tile_height(head.num_queries - row);
    // A causal micro-tile reads the keys that its last row sees; its earlier rows then ignore some of them.
    const Index past = head.num_keys - head.num_queries;
    const Index visible = head.causal ? past + row + rows : head.num_keys;
    const Index key_panels = ceil_div(visible, kNR);
    if (head.has_integer_scores()) {
      integer_scores(head, row, rows, key_panels, integers);
    } else {
      float_scores(head, row, rows, key_panels, scratch);
    }
    if (head.key_bias != nullptr) {
      add_key_bias(head.key_bias, rows, visible, scratch.scores, scratch.padded_keys);
    }
    float normalizer[kHighRows];
    pack_softmax<Value>(rows, head.causal ? past + row + 1 : head.num_keys, head.causal ? 1 : 0, visible,
                        scratch.scores, scratch.padded_keys, scratch.packed_scores, normalizer);
    const Index steps = steps_of<Value>(visible);
    const PackedRows weights{scratch.packed_scores, kMR * steps, nothing};
    const Index panels_of_values = ceil_div(head_dim, kNR);
    for (Index panel = 0; panel < panels_of_values;) {
      constexpr Index kWidth = kWidePanels * kNR;
      alignas(64) float context[kHighRows * kWidth];
      const Index panels = tile_width(panels_of_values - panel);
      const Index column = panel * kNR;
      const auto* values = reinterpret_cast<const Value*>(scratch.values) + column * value_steps;
      micro_kernel_of(rows, panels, steps, weights, PanelsOfB<Value>{values, kNR * value_steps}, context, kWidth,
                      false);
      const Index rest = head_dim - column;
      const Index columns = rest < panels * kNR ? rest : panels * kNR;
      for (Index r = 0; r < rows; ++r) {
        float* out = head.out + (row + r) * head.ldo + column;
        const Vec factor = broadcast(normalizer[r]);
        Index i = 0;
        for (; i + kLanes <= columns; i += kLanes) store(out + i, mul(load(context + r * kWidth + i), factor));
        for (; i < columns; ++i) out[i] = context[r * kWidth + i] * normalizer[r];
      }
      panel += panels;
    }
    row += rows;
  }
}

inline void attention_head(const AttentionHead& head) noexcept {
  const AttentionScratch scratch(head);
  if (head.half_k != nullptr) {
    return attention_head_of<float>(head, pack_keys_and_values(head, head.half_k, head.half_v, scratch), scratch);
  }
#if defined(SHARPEYE_BF16)
  if (head.has_integer_scores()) {
    pack_value_pairs(head, scratch.values);
    return attention_head_of<Pair>(head, pack_integers(head, head.k, scratch), scratch);
  }
#endif
  attention_head_of<float>(head, pack_keys_and_values(head, head.k, head.v, scratch), scratch);
}
