#pragma once

/// @file
/// The activation functions: names, formulas and derivatives. To add one, add a line to SHARPEYE_ACTIVATIONS, its
/// formula here, and its vectors in kernels/activations.inl; epilogues, gradients, configurations and tests follow.
///
/// The formulas here are the plain twins of the kernels, for any floating-point type.

#include <cmath>
#include <cstring>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

/// SHARPEYE_ACTIVATIONS(X) says X(enumerator, type, name in Hugging Face's configurations) for each.
#define SHARPEYE_ACTIVATIONS(X)               \
  X(kNone, None, "linear")                    \
  X(kRelu, Relu, "relu")                      \
  X(kGelu, Gelu, "gelu")                      \
  X(kQuickGelu, QuickGelu, "quick_gelu")      \
  X(kGeluTanh, GeluTanh, "gelu_pytorch_tanh") \
  X(kSilu, Silu, "silu")

/// Element-wise functions that a GEMM can apply to its result.
enum class Activation {
#define SHARPEYE_ENUMERATOR(enumerator, type, name) enumerator,
  SHARPEYE_ACTIVATIONS(SHARPEYE_ENUMERATOR)
#undef SHARPEYE_ENUMERATOR
};

/// All of them.
inline constexpr Activation kAllActivations[] = {
#define SHARPEYE_VALUE(enumerator, type, name) Activation::enumerator,
    SHARPEYE_ACTIVATIONS(SHARPEYE_VALUE)
#undef SHARPEYE_VALUE
};

/// The name of an activation in Hugging Face's configurations.
inline const char* to_string(Activation activation) noexcept {
  switch (activation) {
#define SHARPEYE_NAME(enumerator, type, name) \
  case Activation::enumerator: return name;
    SHARPEYE_ACTIVATIONS(SHARPEYE_NAME)
#undef SHARPEYE_NAME
  }
  return "";
}

/// The activation of that name. @return whether there is one
inline bool find_activation(const char* name, Activation& activation) noexcept {
  for (const Activation candidate : kAllActivations) {
    if (std::strcmp(name, to_string(candidate)) != 0) continue;
    activation = candidate;
    return true;
  }
  return false;
}

namespace reference {

/// x
struct None {
  template <class S>
  static S value(S x) {
    return x;
  }
  template <class S>
  static S derivative(S) {
    return 1;
  }
};

/// max(0, x); its derivative at 0 is 0.
struct Relu {
  template <class S>
  static S value(S x) {
    return x < 0 ? S(0) : x;
  }
  template <class S>
  static S derivative(S x) {
    return x > 0 ? S(1) : S(0);
  }
};

/// x Phi(x) with the normal distribution Phi(x) = (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel, arXiv 1606.08415).
struct Gelu {
  template <class S>
  static S value(S x) {
    return x / 2 * (1 + std::erf(x / std::sqrt(S(2))));
  }
  template <class S>
  static S derivative(S x) {
    const S below = (1 + std::erf(x / std::sqrt(S(2)))) / 2;
    const S density = std::exp(-x * x / 2) * S(0.39894228040143267794);  // of the normal distribution
    return below + x * density;
  }
};

/// x sigmoid(1.702 x), what CLIP was trained with.
struct QuickGelu {
  template <class S>
  static S value(S x) {
    return x / (1 + std::exp(S(-1.702) * x));
  }
  template <class S>
  static S derivative(S x) {
    const S gate = 1 / (1 + std::exp(S(-1.702) * x));
    return gate * (1 + S(1.702) * x * (1 - gate));
  }
};

/// x / 2 (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), PyTorch's GELU(approximate="tanh").
struct GeluTanh {
  template <class S>
  static S value(S x) {
    return x / 2 * (1 + std::tanh(inner(x)));
  }
  template <class S>
  static S derivative(S x) {
    const S t = std::tanh(inner(x)), slope = S(0.79788456080286535588) * (1 + S(3 * 0.044715) * x * x);
    return (1 + t) / 2 + x / 2 * (1 - t * t) * slope;
  }

 private:
  template <class S>
  static S inner(S x) {
    return S(0.79788456080286535588) * (x + S(0.044715) * x * x * x);
  }
};

/// x sigmoid(x), also called swish; the gate of SwiGLU.
struct Silu {
  template <class S>
  static S value(S x) {
    return x / (1 + std::exp(-x));
  }
  template <class S>
  static S derivative(S x) {
    const S gate = 1 / (1 + std::exp(-x));
    return gate * (1 + x * (1 - gate));
  }
};

/// The activation of one number.
template <class S>
S activate(Activation activation, S x) {
  switch (activation) {
#define SHARPEYE_VALUE(enumerator, type, name) \
  case Activation::enumerator: return type::value(x);
    SHARPEYE_ACTIVATIONS(SHARPEYE_VALUE)
#undef SHARPEYE_VALUE
  }
  return x;
}

/// Its derivative there.
template <class S>
S activation_derivative(Activation activation, S x) {
  switch (activation) {
#define SHARPEYE_VALUE(enumerator, type, name) \
  case Activation::enumerator: return type::derivative(x);
    SHARPEYE_ACTIVATIONS(SHARPEYE_VALUE)
#undef SHARPEYE_VALUE
  }
  return x;
}

}  // namespace reference
}  // namespace simd
SHARPEYE_NAMESPACE_END
