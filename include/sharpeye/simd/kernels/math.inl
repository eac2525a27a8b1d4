// exp and erf of a vector, and vectors at the end of a row.

/// e^x, relative error below 2e-7 on [-87.3, 88.3]; the argument is clamped to that range. NaN stays NaN.
/// x = n ln2 + r with |r| <= ln2 / 2, then a polynomial of degree 6 in r (Taylor's, whose error there is 2e-8).
inline Vec exp(Vec x) noexcept {
  x = min(broadcast(88.3762626647949f), max(broadcast(-87.3365478515625f), x));
  const Vec n = round(mul(x, broadcast(1.44269504088896341f)));
  Vec r = fma(n, broadcast(-0.693359375f), x);  // ln2 in two parts, the first exact in 9 bits
  r = fma(n, broadcast(2.12194440e-4f), r);
  Vec p = broadcast(1.0f / 720);
  p = fma(p, r, broadcast(1.0f / 120));
  p = fma(p, r, broadcast(1.0f / 24));
  p = fma(p, r, broadcast(1.0f / 6));
  p = fma(p, r, broadcast(0.5f));
  p = fma(mul(p, r), r, add(r, broadcast(1.0f)));
  return ldexp(p, n);
}

/// erf(x), absolute error below 4e-7 (Abramowitz and Stegun 7.1.26, plus rounding).
inline Vec erf(Vec x) noexcept {
  const Vec z = abs(x);
  const Vec t = div(broadcast(1.0f), fma(z, broadcast(0.3275911f), broadcast(1.0f)));
  Vec p = broadcast(1.061405429f);
  p = fma(p, t, broadcast(-1.453152027f));
  p = fma(p, t, broadcast(1.421413741f));
  p = fma(p, t, broadcast(-0.284496736f));
  p = mul(fma(p, t, broadcast(0.254829592f)), t);
  const Vec y = sub(broadcast(1.0f), mul(p, exp(mul(sub(broadcast(0.0f), z), z))));
  return copysign(y, x);
}

/// The first `count` < kLanes values at p, then `filler`.
template <class T>
inline Vec load_first(const T* p, Index count, float filler = 0.0f) noexcept {
  alignas(64) float buffer[kLanes];
  for (Index i = 0; i < kLanes; ++i) buffer[i] = i < count ? static_cast<float>(p[i]) : filler;
  return load(buffer);
}

inline void store_first(float* p, Index count, Vec x) noexcept {
  alignas(64) float buffer[kLanes];
  store(buffer, x);
  for (Index i = 0; i < count; ++i) p[i] = buffer[i];
}

template <class Body>
inline void for_lanes(Index n, const Body& body) noexcept {
  for (Index i = 0; i < n; i += kLanes) body(i, n - i < kLanes ? n - i : kLanes);
}

inline Vec load_lanes(const float* p, Index lanes) noexcept {
  return lanes == kLanes ? load(p) : load_first(p, lanes);
}

inline void store_lanes(float* p, Index lanes, Vec x) noexcept {
  if (lanes == kLanes) return store(p, x);
  store_first(p, lanes, x);
}
