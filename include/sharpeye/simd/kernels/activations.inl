template <Activation kActivation>
inline Vec activate(Vec x) noexcept {
  if constexpr (kActivation == Activation::kRelu) {
    return max(broadcast(0.0f), x);  // in this order NaN stays NaN
  } else if constexpr (kActivation == Activation::kGelu) {
    return mul(mul(x, broadcast(0.5f)), add(broadcast(1.0f), erf(mul(x, broadcast(0.70710678118654752f)))));
  } else if constexpr (kActivation == Activation::kQuickGelu) {
    return div(x, add(broadcast(1.0f), exp(mul(x, broadcast(-1.702f)))));
  } else {
    return x;
  }
}

template <Activation kActivation>
inline Vec derivative(Vec z) noexcept {
  const Vec one = broadcast(1.0f);
  if constexpr (kActivation == Activation::kRelu) {
    return min(mul(max(z, broadcast(0.0f)), broadcast(3e38f)), one);  // 1 above 0, for all but denormal numbers
  } else if constexpr (kActivation == Activation::kGelu) {
    const Vec below = mul(broadcast(0.5f), add(one, erf(mul(z, broadcast(0.70710678118654752f)))));
    const Vec density = mul(exp(mul(mul(z, z), broadcast(-0.5f))), broadcast(0.39894228040143267794f));
    return fma(z, density, below);
  } else if constexpr (kActivation == Activation::kQuickGelu) {
    const Vec gate = div(one, add(one, exp(mul(z, broadcast(-1.702f)))));
    return mul(gate, fma(mul(z, broadcast(1.702f)), sub(one, gate), one));
  } else {
    return one;
  }
}
