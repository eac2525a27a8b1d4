#pragma once

/// @file
/// Element-wise functions of training and their derivatives, on rows of S, on one thread: in float the kernels, in
/// double their twins in simd/reference.hpp, where each is written with its formula.

#include <algorithm>
#include <type_traits>

#include "sharpeye/ops/ops.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/reference.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

template <class S>
inline constexpr bool kHasKernels = std::is_same_v<S, float>;

/// y[i] = f(z[i]), see Activation.
template <class S>
void activate(Activation activation, Index n, const S* z, S* y) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().activate(activation, n, z, y);
  } else {
    simd::reference::activate(activation, n, z, y);
  }
}

/// dz[i] = f'(z[i]) dy[i]; `dz` may be `dy`.
template <class S>
void activation_gradient(Activation activation, Index n, const S* z, const S* dy, S* dz) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().activation_gradient(activation, n, z, dy, dz);
  } else {
    simd::reference::activation_gradient(activation, n, z, dy, dz);
  }
}

/// Replaces x by softmax(x). @return log(sum_i e^x[i])
template <class S>
S softmax(Index n, S* x) {
  if constexpr (kHasKernels<S>) {
    return simd::kernels().softmax(n, x);
  } else {
    return simd::reference::softmax(n, x, x);
  }
}

/// Turns dp, the gradient by p = softmax(scale x), into the gradient by x.
template <class S>
void softmax_gradient(Index n, S scale, const S* p, S* dp) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().softmax_gradient(n, scale, p, dp);
  } else {
    simd::reference::softmax_gradient(n, scale, p, dp);
  }
}

/// One row of y = (x - mean) / sqrt(variance + epsilon) * gain + bias.
template <class S>
void layer_norm(Index n, const S* x, const S* gain, const S* bias, S epsilon, S* y) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().layer_norm(1, n, x, n, gain, bias, epsilon, y, n);
  } else {
    simd::reference::layer_norm(n, x, gain, bias, epsilon, y);
  }
}

/// Adds one row's share to the gradients of layer_norm, each of which may be null.
template <class S>
void layer_norm_gradient(Index n, const S* x, const S* gain, S epsilon, const S* dy, S* dx, S* dgain, S* dbias) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().layer_norm_gradient(n, x, gain, epsilon, dy, dx, dgain, dbias);
  } else {
    simd::reference::layer_norm_gradient(n, x, gain, epsilon, dy, dx, dgain, dbias);
  }
}

/// One row of y = x / sqrt(mean(x^2) + epsilon) * gain.
template <class S>
void rms_norm(Index n, const S* x, const S* gain, S epsilon, S* y) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().rms_norm(1, n, x, n, gain, epsilon, y, n);
  } else {
    simd::reference::rms_norm(n, x, gain, epsilon, y);
  }
}

/// Adds one row's share to the gradients of rms_norm, each of which may be null.
template <class S>
void rms_norm_gradient(Index n, const S* x, const S* gain, S epsilon, const S* dy, S* dx, S* dgain) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().rms_norm_gradient(n, x, gain, epsilon, dy, dx, dgain);
  } else {
    simd::reference::rms_norm_gradient(n, x, gain, epsilon, dy, dx, dgain);
  }
}

/// Rotary positions of one row; `direction` 1, or -1 for the backward pass.
template <class S>
void rotate(Index num_heads, Index half, const S* x, const float* cosines, const float* sines, S direction, S* y) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().rotate(num_heads, half, x, cosines, sines, direction, y);
  } else {
    simd::reference::rotate(num_heads, half, x, cosines, sines, direction, y);
  }
}

/// y[i] = a[i] b[i]
template <class S>
void multiply(Index n, const S* a, const S* b, S* y) {
  if constexpr (kHasKernels<S>) {
    simd::kernels().multiply(n, a, b, y);
  } else {
    simd::reference::multiply(n, a, b, y);
  }
}

}  // namespace training
SHARPEYE_NAMESPACE_END
