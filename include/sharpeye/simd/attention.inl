// Attention: for each tile of query rows the scores of all visible keys stand in the L1 cache, are turned into weights
// there, and meet V; no score matrix reaches memory. Included once per instruction set, after gemm.inl.

/// K^T scaled, in panels of 16 keys: element (key, i) at panel key/16, position i * 16 + key % 16; absent keys are
/// zero.
inline void pack_keys(const AttentionHead& head, float* packed) noexcept {
  for (Index panel = 0; panel * kPanel < head.num_keys; ++panel) {
    float* target = packed + panel * kPanel * head.head_dim;
    for (Index j = 0; j < kPanel; ++j) {
      const Index key = panel * kPanel + j;
      for (Index i = 0; i < head.head_dim; ++i) {
        target[i * kPanel + j] = key < head.num_keys ? head.k[key * head.ldk + i] * head.scale : 0.0f;
      }
    }
  }
}

/// V in panels of 16 columns: element (key, i) at panel i/16, position key * 16 + i % 16; absent columns are zero.
inline void pack_values(const AttentionHead& head, float* packed) noexcept {
  for (Index column = 0; column < head.head_dim; column += kPanel) {
    const Index columns = head.head_dim - column < kPanel ? head.head_dim - column : kPanel;
    float* target = packed + column * head.num_keys;
    for (Index key = 0; key < head.num_keys; ++key) {
      for (Index i = 0; i < kPanel; ++i) {
        target[key * kPanel + i] = i < columns ? head.v[key * head.ldv + column + i] : 0.0f;
      }
    }
  }
}

inline void attention_head(const AttentionHead& head) noexcept {
  const Index padded_keys = round_up(head.num_keys, kPanel);
  float* keys = head.scratch;
  float* values = keys + padded_keys * head.head_dim;
  float* scores = values + head.num_keys * round_up(head.head_dim, kPanel);
  pack_keys(head, keys);
  pack_values(head, values);
  for (Index row = 0; row < head.num_queries; row += kTileRows) {
    const Index rows = head.num_queries - row < kTileRows ? head.num_queries - row : kTileRows;
    // A causal tile reads the keys that its last row sees; its earlier rows then ignore some of them.
    const Index past = head.num_keys - head.num_queries;
    const Index visible = head.causal ? past + row + rows : head.num_keys;
    const StridedRows queries{head.q + row * head.ldq, head.ldq};
    const Index key_panels = ceil_div(visible, kPanel);
    for (Index panel = 0; panel < key_panels;) {
      const Index panels = tile_width(key_panels - panel);
      const Index key = panel * kPanel;
      tile_of(rows, panels, head.head_dim, queries,
              TilePanels<float>{keys + key * head.head_dim, kPanel * head.head_dim}, scores + key, padded_keys, false);
      panel += panels;
    }
    float normalizer[kTileRows];
    for (Index r = 0; r < rows; ++r) {
      const Index seen = head.causal ? past + row + r + 1 : head.num_keys;
      normalizer[r] = 1.0f / softmax_numerators(seen, round_up(visible, kPanel), scores + r * padded_keys);
    }
    const StridedRows weights{scores, padded_keys};
    const Index panels_of_values = ceil_div(head.head_dim, kPanel);
    for (Index panel = 0; panel < panels_of_values;) {
      constexpr Index kWidth = kWidePanels * kPanel;
      alignas(64) float context[kTileRows * kWidth];
      const Index panels = tile_width(panels_of_values - panel);
      const Index column = panel * kPanel;
      tile_of(rows, panels, visible, weights,
              TilePanels<float>{values + column * head.num_keys, kPanel * head.num_keys}, context, kWidth, false);
      const Index rest = head.head_dim - column;
      const Index columns = rest < panels * kPanel ? rest : panels * kPanel;
      for (Index r = 0; r < rows; ++r) {
        for (Index i = 0; i < columns; ++i) {
          head.out[(row + r) * head.ldo + column + i] = context[r * kWidth + i] * normalizer[r];
        }
      }
      panel += panels;
    }
  }
}

inline void cached_attention_head(const CachedAttentionHead& head) noexcept {
  const Index whole = head.head_dim / kLanes * kLanes;
  for (Index j = 0; j < head.num_keys; ++j) {
    const float* key = head.k + head.rows[j] * head.ldkv;
    Vec sum = broadcast(0.0f);
    for (Index i = 0; i < whole; i += kLanes) sum = fma(load(head.q + i), load(key + i), sum);
    float score = reduce_add(sum);
    for (Index i = whole; i < head.head_dim; ++i) score += head.q[i] * key[i];
    head.scores[j] = score * head.scale;
  }
  const float normalizer = 1.0f / softmax_numerators(head.num_keys, head.num_keys, head.scores);
  for (Index i = 0; i < head.head_dim; i += kLanes) {
    const Index lanes = head.head_dim - i < kLanes ? head.head_dim - i : kLanes;
    Vec sum = broadcast(0.0f);
    for (Index j = 0; j < head.num_keys; ++j) {
      const float* value = head.v + head.rows[j] * head.ldkv + i;
      sum = fma(broadcast(head.scores[j]), lanes == kLanes ? load(value) : load_first(value, lanes), sum);
    }
    store_first(head.out + i, lanes, mul(sum, broadcast(normalizer)));
  }
}
