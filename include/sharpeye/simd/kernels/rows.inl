// Norms, softmax and reductions over a row.

/// One row of y = (x - mean) / sqrt(variance + epsilon) * gain + bias over n columns; variance in a second pass.
inline void layer_norm_row(Index n, const float* x, const float* gain, const float* bias, float epsilon,
                           float* y) noexcept {
  const Index whole = n / kLanes * kLanes;
  Vec sum = load_first(x + whole, n - whole);
  for (Index i = 0; i < whole; i += kLanes) sum = add(sum, load(x + i));
  const float mean = reduce_add(sum) / static_cast<float>(n);
  const Vec center = broadcast(mean);
  Vec residue = sub(load_first(x + whole, n - whole, mean), center);
  Vec squares = mul(residue, residue);
  for (Index i = 0; i < whole; i += kLanes) {
    residue = sub(load(x + i), center);
    squares = fma(residue, residue, squares);
  }
  const Vec scale = broadcast(1.0f / std::sqrt(reduce_add(squares) / static_cast<float>(n) + epsilon));
  for (Index i = 0; i < whole; i += kLanes) {
    store(y + i, fma(mul(sub(load(x + i), center), scale), load(gain + i), load(bias + i)));
  }
  for (Index i = whole; i < n; i += kLanes) {
    const Vec normal = mul(sub(load_first(x + i, n - i), center), scale);
    store_first(y + i, n - i, fma(normal, load_first(gain + i, n - i), load_first(bias + i, n - i)));
  }
}

inline void layer_norm(Index m, Index n, const float* x, Index ldx, const float* gain, const float* bias, float epsilon,
                       float* y, Index ldy) noexcept {
  for (Index row = 0; row < m; ++row) layer_norm_row(n, x + row * ldx, gain, bias, epsilon, y + row * ldy);
}

/// 1 / sqrt(mean(x^2) + epsilon)
inline float rms_scale(Index n, const float* x, float epsilon) noexcept {
  Vec squares = broadcast(0.0f);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec some = load_lanes(x + i, lanes);
    squares = fma(some, some, squares);
  });
  return 1.0f / std::sqrt(reduce_add(squares) / static_cast<float>(n) + epsilon);
}

inline void rms_norm(Index m, Index n, const float* x, Index ldx, const float* gain, float epsilon, float* y,
                     Index ldy) noexcept {
  for (Index row = 0; row < m; ++row) {
    const float* from = x + row * ldx;
    float* to = y + row * ldy;
    const Vec scale = broadcast(rms_scale(n, from, epsilon));
    for_lanes(n, [&](Index i, Index lanes) {
      store_lanes(to + i, lanes, mul(mul(load_lanes(from + i, lanes), scale), load_lanes(gain + i, lanes)));
    });
  }
}

/// Half precision, rounded to the nearest; what is beyond +-kLargestHalf becomes that. NaN stays NaN.
inline void to_halves(Index n, const float* x, float16* y) noexcept {
  const Vec largest = broadcast(kLargestHalf), smallest = broadcast(-kLargestHalf);
  for_lanes(n, [&](Index i, Index lanes) {
    const Vec some = min(largest, max(smallest, load_lanes(x + i, lanes)));
    if (lanes == kLanes) return store(y + i, some);
    float16 buffer[kLanes];
    store(buffer, some);
    std::memcpy(y + i, buffer, static_cast<std::size_t>(lanes) * sizeof(float16));
  });
}

inline void rotate(Index num_heads, Index half, const float* x, const float* cosines, const float* sines,
                   float direction, float* y) noexcept {
  const Vec sign = broadcast(direction);
  for (Index head = 0; head < num_heads; ++head) {
    const float *first = x + 2 * head * half, *second = first + half;
    float* to = y + 2 * head * half;
    for_lanes(half, [&](Index i, Index lanes) {
      const Vec a = load_lanes(first + i, lanes), b = load_lanes(second + i, lanes);
      const Vec c = load_lanes(cosines + i, lanes), s = mul(load_lanes(sines + i, lanes), sign);
      store_lanes(to + i, lanes, sub(mul(a, c), mul(b, s)));
      store_lanes(to + half + i, lanes, fma(b, c, mul(a, s)));
    });
  }
}

inline void multiply(Index n, const float* a, const float* b, float* y) noexcept {
  for_lanes(n, [&](Index i, Index lanes) {
    store_lanes(y + i, lanes, mul(load_lanes(a + i, lanes), load_lanes(b + i, lanes)));
  });
}

inline float maximum(Index n, const float* x) noexcept {
  constexpr Index kSets = 4;  // a chain of dependent maxima would wait for each
  const Index whole = n / kLanes * kLanes, stride = kSets * kLanes;
  Vec result[kSets];
  result[0] = load_first(x + whole, n - whole, -std::numeric_limits<float>::infinity());
#pragma GCC unroll 4
  for (Index set = 1; set < kSets; ++set) result[set] = result[0];
  Index i = 0;
  for (; i + stride <= whole; i += stride) {
#pragma GCC unroll 4
    for (Index set = 0; set < kSets; ++set) result[set] = max(load(x + i + set * kLanes), result[set]);
  }
  for (; i < whole; i += kLanes) result[0] = max(load(x + i), result[0]);
  return reduce_max(max(max(result[0], result[1]), max(result[2], result[3])));
}

/// log(sum_i e^x[i]), shifted by the maximum.
inline float log_sum_exp(Index n, const float* x) noexcept {
  const float shift = maximum(n, x);
  const Index whole = n / kLanes * kLanes;
  Vec sum = broadcast(0.0f);
  for (Index i = 0; i < whole; i += kLanes) sum = add(sum, exp(sub(load(x + i), broadcast(shift))));
  float total = reduce_add(sum);
  for (Index i = whole; i < n; ++i) total += std::exp(x[i] - shift);
  return shift + std::log(total);
}

/// Replaces x[0, n) by e^(x - max x) and returns the sum; x[n, padded) becomes zero.
inline float softmax_numerators(Index n, Index padded, float* x) noexcept {
  const Vec shift = broadcast(maximum(n, x));
  const Index whole = n / kLanes * kLanes;
  Vec sum = broadcast(0.0f);
  for (Index i = 0; i < whole; i += kLanes) {
    const Vec e = exp(sub(load(x + i), shift));
    sum = add(sum, e);
    store(x + i, e);
  }
  if (whole < n) {
    alignas(64) float tail[kLanes];
    store(tail, exp(sub(load_first(x + whole, n - whole), shift)));
    sum = add(sum, load_first(tail, n - whole));
    store_first(x + whole, n - whole, load(tail));
  }
  for (Index i = n; i < padded; ++i) x[i] = 0.0f;
  return reduce_add(sum);
}
