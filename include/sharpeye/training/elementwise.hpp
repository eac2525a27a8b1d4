#pragma once

/// @file
/// Element-wise functions of training and their derivatives, on rows of S, on one thread: the plain form that says what
/// is computed, and in float the kernels.

#include <algorithm>
#include <cmath>

#include "sharpeye/ops/ops.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// y[i] = f(z[i]), see Activation.
template <class S>
void activate(Activation activation, Index n, const S* z, S* y) {
  switch (activation) {
    case Activation::kNone: std::copy_n(z, n, y); return;
    case Activation::kRelu:
      for (Index i = 0; i < n; ++i) y[i] = z[i] < 0 ? S(0) : z[i];
      return;
    case Activation::kGelu:
      for (Index i = 0; i < n; ++i) y[i] = z[i] / 2 * (1 + std::erf(z[i] / std::sqrt(S(2))));
      return;
    case Activation::kQuickGelu:
      for (Index i = 0; i < n; ++i) y[i] = z[i] / (1 + std::exp(S(-1.702) * z[i]));
      return;
  }
}

/// dz[i] = f'(z[i]) dy[i]; `dz` may be `dy`.
template <class S>
void activation_gradient(Activation activation, Index n, const S* z, const S* dy, S* dz) {
  switch (activation) {
    case Activation::kNone: std::copy_n(dy, n, dz); return;
    case Activation::kRelu:
      for (Index i = 0; i < n; ++i) dz[i] = z[i] > 0 ? dy[i] : S(0);
      return;
    case Activation::kGelu:
      for (Index i = 0; i < n; ++i) {
        const S below = (1 + std::erf(z[i] / std::sqrt(S(2)))) / 2;  // Phi(z), whose derivative is the normal density
        const S density = std::exp(-z[i] * z[i] / 2) * S(0.39894228040143267794);
        dz[i] = dy[i] * (below + z[i] * density);
      }
      return;
    case Activation::kQuickGelu:
      for (Index i = 0; i < n; ++i) {
        const S gate = 1 / (1 + std::exp(S(-1.702) * z[i]));
        dz[i] = dy[i] * gate * (1 + S(1.702) * z[i] * (1 - gate));
      }
      return;
  }
}

/// Replaces x by softmax(x). @return log(sum_i e^x[i])
template <class S>
S softmax(Index n, S* x) {
  const S shift = *std::max_element(x, x + n);
  S sum = 0;
  for (Index i = 0; i < n; ++i) sum += x[i] = std::exp(x[i] - shift);
  for (Index i = 0; i < n; ++i) x[i] /= sum;
  return shift + std::log(sum);
}

/// Turns dp, the gradient by p = softmax(scale x), into the gradient by x: scale p (dp - p . dp).
template <class S>
void softmax_gradient(Index n, S scale, const S* p, S* dp) {
  S dot = 0;
  for (Index i = 0; i < n; ++i) dot += p[i] * dp[i];
  for (Index i = 0; i < n; ++i) dp[i] = scale * p[i] * (dp[i] - dot);
}

/// One row of y = (x - mean) / sqrt(variance + epsilon) * gain + bias.
template <class S>
void layer_norm(Index n, const S* x, const S* gain, const S* bias, S epsilon, S* y) {
  S mean = 0, variance = 0;
  for (Index i = 0; i < n; ++i) mean += x[i];
  mean /= static_cast<S>(n);
  for (Index i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
  const S scale = 1 / std::sqrt(variance / static_cast<S>(n) + epsilon);
  for (Index i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * gain[i] + bias[i];
}

/// One row of y = normal * gain + bias with normal = (x - mean) / sqrt(variance + epsilon): adds to the three
/// gradients, each of which may be null. With g = dy gain: dx += (g - mean(g) - normal mean(g normal)) / deviation.
template <class S>
void layer_norm_gradient(Index n, const S* x, const S* gain, S epsilon, const S* dy, S* dx, S* dgain, S* dbias) {
  S mean = 0, variance = 0;
  for (Index i = 0; i < n; ++i) mean += x[i];
  mean /= static_cast<S>(n);
  for (Index i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
  const S scale = 1 / std::sqrt(variance / static_cast<S>(n) + epsilon);
  S sum = 0, dot = 0;
  for (Index i = 0; i < n; ++i) {
    const S normal = (x[i] - mean) * scale, g = dy[i] * gain[i];
    sum += g;
    dot += g * normal;
    if (dgain != nullptr) dgain[i] += dy[i] * normal;
    if (dbias != nullptr) dbias[i] += dy[i];
  }
  if (dx == nullptr) return;
  sum /= static_cast<S>(n);
  dot /= static_cast<S>(n);
  for (Index i = 0; i < n; ++i) dx[i] += (dy[i] * gain[i] - sum - (x[i] - mean) * scale * dot) * scale;
}

// In float the kernels say the same.
inline void activate(Activation activation, Index n, const float* z, float* y) {
  simd::kernels().activate(activation, n, z, y);
}
inline void activation_gradient(Activation activation, Index n, const float* z, const float* dy, float* dz) {
  simd::kernels().activation_gradient(activation, n, z, dy, dz);
}
inline float softmax(Index n, float* x) {
  return simd::kernels().softmax(n, x);
}
inline void softmax_gradient(Index n, float scale, const float* p, float* dp) {
  simd::kernels().softmax_gradient(n, scale, p, dp);
}
inline void layer_norm(Index n, const float* x, const float* gain, const float* bias, float epsilon, float* y) {
  simd::kernels().layer_norm(1, n, x, n, gain, bias, epsilon, y, n);
}
inline void layer_norm_gradient(Index n, const float* x, const float* gain, float epsilon, const float* dy, float* dx,
                                float* dgain, float* dbias) {
  simd::kernels().layer_norm_gradient(n, x, gain, epsilon, dy, dx, dgain, dbias);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
