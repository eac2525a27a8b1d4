// The activations and their derivatives on vectors; formulas and names stand in simd/activations.hpp.

struct None {
  static Vec value(Vec x) noexcept { return x; }
  static Vec derivative(Vec) noexcept { return broadcast(1.0f); }
};

struct Relu {
  static Vec value(Vec x) noexcept { return max(broadcast(0.0f), x); }  // in this order NaN stays NaN
  static Vec derivative(Vec x) noexcept {
    // 1 above 0, for all but denormal numbers
    return min(mul(max(x, broadcast(0.0f)), broadcast(3e38f)), broadcast(1.0f));
  }
};

struct Gelu {
  static Vec value(Vec x) noexcept {
    return mul(mul(x, broadcast(0.5f)), add(broadcast(1.0f), erf(mul(x, broadcast(0.70710678118654752f)))));
  }
  static Vec derivative(Vec x) noexcept {
    const Vec below = mul(broadcast(0.5f), add(broadcast(1.0f), erf(mul(x, broadcast(0.70710678118654752f)))));
    const Vec density = mul(exp(mul(mul(x, x), broadcast(-0.5f))), broadcast(0.39894228040143267794f));
    return fma(x, density, below);
  }
};

struct QuickGelu {
  static Vec value(Vec x) noexcept { return div(x, add(broadcast(1.0f), exp(mul(x, broadcast(-1.702f))))); }
  static Vec derivative(Vec x) noexcept {
    const Vec one = broadcast(1.0f), gate = div(one, add(one, exp(mul(x, broadcast(-1.702f)))));
    return mul(gate, fma(mul(x, broadcast(1.702f)), sub(one, gate), one));
  }
};

/// (1 + tanh(u)) / 2 = 1 / (1 + e^-2u): no tanh is needed.
struct GeluTanh {
  static Vec value(Vec x) noexcept { return div(x, add(broadcast(1.0f), exp(minus_twice_inner(x)))); }
  static Vec derivative(Vec x) noexcept {
    // Beyond 20 the gate is 0 or 1; x^2 must not overflow there.
    x = min(broadcast(20.0f), max(broadcast(-20.0f), x));
    const Vec one = broadcast(1.0f), e = exp(minus_twice_inner(x)), gate = div(one, add(one, e));
    const Vec slope = fma(mul(x, x), broadcast(kTwiceRoot * 3 * 0.044715f), broadcast(kTwiceRoot));  // of 2u
    // 1 - gate = e gate, without its cancellation.
    return mul(gate, fma(mul(x, slope), mul(e, gate), one));
  }

 private:
  static constexpr float kTwiceRoot = 1.59576912160573071176f;  // 2 sqrt(2 / pi)
  static Vec minus_twice_inner(Vec x) noexcept {
    return mul(x, fma(mul(x, x), broadcast(-kTwiceRoot * 0.044715f), broadcast(-kTwiceRoot)));
  }
};

struct Silu {
  static Vec value(Vec x) noexcept { return div(x, add(broadcast(1.0f), exp(sub(broadcast(0.0f), x)))); }
  static Vec derivative(Vec x) noexcept {
    const Vec one = broadcast(1.0f), gate = div(one, add(one, exp(sub(broadcast(0.0f), x))));
    return mul(gate, fma(x, sub(one, gate), one));
  }
};

/// Calls `body(kind)` with an object of the struct of `activation`.
template <class Body>
inline void with_activation(Activation activation, const Body& body) noexcept {
  switch (activation) {
#define SHARPEYE_CASE(enumerator, type, name) \
  case Activation::enumerator: return body(type());
    SHARPEYE_ACTIVATIONS(SHARPEYE_CASE)
#undef SHARPEYE_CASE
  }
}
