// Attention of a few queries over listed rows of a cache: bound by memory, so what several of them see is read once.

/// The rows of one list that a pass over a cache reads: all of it, or those that the others have, too.
struct CachedSpan {
  const std::int32_t* rows;
  Index begin, end, ahead;
};

/// Prefetches the row of `store` that is read `ahead` rows after row j of the list, and behind the last keys the first
/// values: the hardware's prefetcher stops at each page. (A token's attention in one layer, 620 keys of 12 heads of 64,
/// two threads of an EPYC: f16 51 -> 42 us, f32 93 -> 62.)
template <class T>
SHARPEYE_INLINE void prefetch_cached(const CachedAttentionHead<T>& head, const CachedSpan& span, const T* store,
                                     Index j) noexcept {
  j += span.ahead;
  if (j >= span.end && store == head.k) {
    j -= span.end;
    store = head.v;
  }
  if (j < span.end) prefetch_row(store + span.rows[j] * head.ldkv, head.head_dim);
}

/// The scores of kQueries queries from the first one on, four keys at a time: many sums at once hide the latency of
/// the additions.
template <int kQueries, class T>
inline void cached_scores(const CachedAttentionHead<T>& head, Index first, const CachedSpan& span,
                          float* scores) noexcept {
  constexpr Index kKeys = 4;
  const Index whole = head.head_dim / kLanes * kLanes;
  const float* q = head.q + first * head.ldq;
  for (Index j = span.begin; j < span.end; j += kKeys) {
    const Index keys = span.end - j < kKeys ? span.end - j : kKeys;
    const T* key[kKeys];
    Vec sum[kKeys][kQueries];
#pragma GCC unroll 4
    for (Index l = 0; l < kKeys; ++l) {
      key[l] = head.k + span.rows[j + (l < keys ? l : 0)] * head.ldkv;
#pragma GCC unroll 4
      for (Index r = 0; r < kQueries; ++r) sum[l][r] = broadcast(0.0f);
      prefetch_cached(head, span, head.k, j + l);
    }
    for (Index i = 0; i < whole; i += kLanes) {
#pragma GCC unroll 4
      for (Index l = 0; l < kKeys; ++l) {
        const Vec some = load(key[l] + i);
#pragma GCC unroll 4
        for (Index r = 0; r < kQueries; ++r) sum[l][r] = fma(load(q + r * head.ldq + i), some, sum[l][r]);
      }
    }
    for (Index l = 0; l < keys; ++l) {
      const float bias = head.key_bias == nullptr ? 0.0f : head.key_bias[span.rows[j + l]];
#pragma GCC unroll 4
      for (Index r = 0; r < kQueries; ++r) {
        float score = reduce_add(sum[l][r]);
        for (Index i = whole; i < head.head_dim; ++i) score += q[r * head.ldq + i] * static_cast<float>(key[l][i]);
        scores[r * head.lds + j + l] = score * head.scale + bias;
      }
    }
  }
}

/// Adds the values of a span, times their weights, to kVectors vectors of each of kQueries queries; of the last vector
/// `lanes` count.
template <int kQueries, int kVectors, class T>
SHARPEYE_INLINE void add_cached_values(const CachedAttentionHead<T>& head, const CachedSpan& span, const float* weights,
                                       Index column, Index lanes, Vec (&sum)[kQueries][kVectors]) noexcept {
  for (Index j = span.begin; j < span.end; ++j) {
    const T* value = head.v + span.rows[j] * head.ldkv + column;
    if (column == 0) prefetch_cached(head, span, head.v, j);
#pragma GCC unroll 4
    for (Index v = 0; v < kVectors; ++v) {
      const Vec some = lanes == kLanes ? load(value + v * kLanes) : load_first(value, lanes);
#pragma GCC unroll 4
      for (Index r = 0; r < kQueries; ++r) {
        sum[r][v] = fma(broadcast(weights[r * head.lds + j]), some, sum[r][v]);
      }
    }
  }
}

/// The columns [column, column + kVectors * kLanes) of the result, each value being read once for all of them, or the
/// `lanes` of one vector.
template <int kQueries, int kVectors, class T>
inline void cached_context(const CachedAttentionHead<T>& head, Index first, const CachedSpan& shared,
                           const float* normalizers, Index column, Index lanes) noexcept {
  Vec sum[kQueries][kVectors];
  for (Index r = 0; r < kQueries; ++r) {
    for (Index v = 0; v < kVectors; ++v) sum[r][v] = broadcast(0.0f);
  }
  add_cached_values(head, shared, head.scores, column, lanes, sum);
  for (Index r = 0; r < kQueries; ++r) {
    const RowSpan& own = head.spans[first + r];
    Vec one[1][kVectors];
    for (Index v = 0; v < kVectors; ++v) one[0][v] = sum[r][v];
    add_cached_values(head, {own.rows, shared.end, own.count, own.count}, head.scores + r * head.lds, column, lanes,
                      one);
    float* out = head.out + (first + r) * head.ldo + column;
    for (Index v = 0; v < kVectors; ++v) {
      const Vec result = mul(one[0][v], broadcast(normalizers[r]));
      lanes == kLanes ? store(out + v * kLanes, result) : store_first(out, lanes, result);
    }
  }
}

/// kQueries queries from the first one on.
template <int kQueries, class T>
inline void cached_attention(const CachedAttentionHead<T>& head, Index first) noexcept {
  const Index row_bytes = head.head_dim * static_cast<Index>(sizeof(T));
  const CachedSpan shared{head.spans[first].rows, 0, kQueries == 1 ? head.spans[first].count : head.shared,
                          ceil_div(kStreamAhead, row_bytes)};
  cached_scores<kQueries>(head, first, shared, head.scores);
  float normalizers[kQueries];
  for (Index r = 0; r < kQueries; ++r) {
    const RowSpan& own = head.spans[first + r];
    float* scores = head.scores + r * head.lds;
    cached_scores<1>(head, first + r, {own.rows, shared.end, own.count, own.count}, scores);
    normalizers[r] = 1.0f / softmax_numerators(own.count, own.count, scores);
  }
  constexpr Index kVectors = 4;
  Index column = 0;
  for (; column + kVectors * kLanes <= head.head_dim; column += kVectors * kLanes) {
    cached_context<kQueries, kVectors>(head, first, shared, normalizers, column, kLanes);
  }
  for (; column < head.head_dim; column += kLanes) {
    const Index lanes = head.head_dim - column < kLanes ? head.head_dim - column : kLanes;
    cached_context<kQueries, 1>(head, first, shared, normalizers, column, lanes);
  }
}

/// A query's bits do not depend on how many there are.
template <class T>
inline void cached_attention_head(const CachedAttentionHead<T>& head) noexcept {
  static_assert(kCachedQueries == 3);
  Index first = 0;
  if constexpr (!kFewRows) {
    for (; first + 3 <= head.num_queries; first += 3) cached_attention<3>(head, first);
  }
  for (; first < head.num_queries; ++first) cached_attention<1>(head, first);
}
