// The ways back through activations, softmax and norms.

inline void activate_row(Activation activation, Index n, const float* z, float* y) noexcept {
  with_activation(activation, [&](auto kind) {
    for_lanes(n, [&](Index i, Index lanes) { store_lanes(y + i, lanes, kind.value(load_lanes(z + i, lanes))); });
  });
}

inline void activation_gradient(Activation activation, Index n, const float* z, const float* dy, float* dz) noexcept {
  with_activation(activation, [&](auto kind) {
    for_lanes(n, [&](Index i, Index lanes) {
      store_lanes(dz + i, lanes, mul(load_lanes(dy + i, lanes), kind.derivative(load_lanes(z + i, lanes))));
    });
  });
}

inline float softmax_row(Index n, float* x) noexcept {
  const float shift = maximum(n, x), sum = softmax_numerators(n, n, x);
  const Vec factor = broadcast(1.0f / sum);
  for_lanes(n, [&](Index i, Index lanes) { store_lanes(x + i, lanes, mul(load_lanes(x + i, lanes), factor)); });
  return shift + std::log(sum);
}

inline void softmax_gradient(Index n, float scale, const float* p, float* dp) noexcept {
  Vec sum = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) { sum = fma(load_lanes(p + i, lanes), load_lanes(dp + i, lanes), sum); });
  const Vec dot = broadcast(reduce_add(sum)), factor = broadcast(scale);
  for_lanes(n, [&](Index i, Index lanes) {
    store_lanes(dp + i, lanes, mul(mul(load_lanes(p + i, lanes), factor), sub(load_lanes(dp + i, lanes), dot)));
  });
}

inline void layer_norm_gradient(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                                float* dgain, float* dbias) noexcept {
  const float count = static_cast<float>(n);
  Vec total = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) { total = add(total, load_lanes(x + i, lanes)); });
  const float mean = reduce_add(total) / count;
  const Vec center = broadcast(mean);
  Vec squares = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec residue = sub(lanes == kLanes ? load(x + i) : load_first(x + i, lanes, mean), center);
    squares = fma(residue, residue, squares);
  });
  const Vec scale = broadcast(1.0f / std::sqrt(reduce_add(squares) / count + epsilon));
  Vec sum = broadcast(0.0f), dot = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec normal = mul(sub(load_lanes(x + i, lanes), center), scale), up = load_lanes(dy + i, lanes);
    const Vec g = mul(up, load_lanes(gain + i, lanes));  // 0 in absent lanes
    sum = add(sum, g);
    dot = fma(g, normal, dot);
    if (dgain != nullptr) store_lanes(dgain + i, lanes, fma(up, normal, load_lanes(dgain + i, lanes)));
    if (dbias != nullptr) store_lanes(dbias + i, lanes, add(up, load_lanes(dbias + i, lanes)));
  });
  if (dx == nullptr) return;
  const Vec g_mean = broadcast(reduce_add(sum) / count), dot_mean = broadcast(reduce_add(dot) / count);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec normal = mul(sub(load_lanes(x + i, lanes), center), scale);
    const Vec g = mul(load_lanes(dy + i, lanes), load_lanes(gain + i, lanes));
    const Vec back = mul(sub(sub(g, g_mean), mul(normal, dot_mean)), scale);
    store_lanes(dx + i, lanes, add(load_lanes(dx + i, lanes), back));
  });
}

inline void rms_norm_gradient(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                              float* dgain) noexcept {
  const float count = static_cast<float>(n);
  const Vec scale = broadcast(rms_scale(n, x, epsilon));
  Vec dot = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec normal = mul(load_lanes(x + i, lanes), scale), up = load_lanes(dy + i, lanes);
    dot = fma(mul(up, load_lanes(gain + i, lanes)), normal, dot);
    if (dgain != nullptr) store_lanes(dgain + i, lanes, fma(up, normal, load_lanes(dgain + i, lanes)));
  });
  if (dx == nullptr) return;
  const Vec mean = broadcast(reduce_add(dot) / count);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec normal = mul(load_lanes(x + i, lanes), scale);
    const Vec g = mul(load_lanes(dy + i, lanes), load_lanes(gain + i, lanes));
    store_lanes(dx + i, lanes, fma(sub(g, mul(normal, mean)), scale, load_lanes(dx + i, lanes)));
  });
}
