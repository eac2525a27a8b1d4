#pragma once

/// @file
/// A plain twin of each kernel, in double: what it computes, without regard to speed. Tests measure the
/// kernels against them, and training in double runs on them. Those of one activation stand in activations.hpp.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sharpeye/simd/pack.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd::reference {

/// Where element (row, i) of A [m, k] stands when pack_rows has packed it: blocks of k, in each the micro-panels of all
/// rows, in each step after step of k.
inline Index packed_position(Index m, Index k, Index row, Index i) {
  const Index depth = block_depth(k), begin = i / depth * depth, steps = std::min(depth, k - begin);
  const Index first = row / kMR * kMR, height = std::min(kMR, m - first);
  return begin * m + first * steps + (i - begin) * height + (row - first);
}

/// A [m, k] in micro-panels of A.
inline void pack_rows(Index m, Index k, const float* a, Index lda, float* packed) {
  for (Index row = 0; row < m; ++row) {
    for (Index i = 0; i < k; ++i) packed[packed_position(m, k, row, i)] = a[row * lda + i];
  }
}

/// C[m, n] = activation(A[m, k] * W[n, k]^T + bias[n]) + residual[m, n]; bias and residual may be null.
template <class S>
void gemm(Index m, Index n, Index k, const S* a, Index lda, const S* w, const S* bias, Activation activation,
          const S* residual, Index ld_residual, double* c, Index ldc) {
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = bias == nullptr ? 0 : bias[j];
      for (Index l = 0; l < k; ++l) sum += static_cast<double>(a[i * lda + l]) * w[j * k + l];
      c[i * ldc + j] = activate(activation, sum) + (residual == nullptr ? 0 : residual[i * ld_residual + j]);
    }
  }
}

/// One row a [k] as 8-bit integers: offset = (max + min) / 2, scale = (max - min) / 254,
/// value = round((a - offset) / scale). A row that is not finite has the scale NaN.
inline void quantize_row(Index k, const float* a, std::int32_t* values, float& scale, float& offset) {
  bool is_finite = true;
  for (Index i = 0; i < k; ++i) is_finite = is_finite && std::isfinite(a[i]);
  const auto [smallest, largest] = std::minmax_element(a, a + k);
  const float limit = is_finite ? 0.5f * *largest - 0.5f * *smallest : 0;
  offset = is_finite ? 0.5f * *largest + 0.5f * *smallest : 0;
  scale = is_finite ? limit / 127 : std::numeric_limits<float>::quiet_NaN();
  const float factor = limit > 0 ? 127 / limit : 0;
  for (Index i = 0; i < k; ++i) {
    values[i] = is_finite ? static_cast<std::int32_t>(std::nearbyint((a[i] - offset) * factor)) : 0;
  }
}

/// The integer that stands for A's element (row, i).
inline int quantized_value(const QuantizedRows& a, Index row, Index i) {
  return a.first_of(row)[i / 4 * 4 * a.height(row) + i % 4];
}

/// C[m, n] = epilogue(A W^T) with A and W as the numbers that their integers stand for.
inline void integer_gemm(const QuantizedRows& a, const PackedWeights& w, const Epilogue& epilogue, double* c,
                         Index ldc) {
  std::vector<float> weights(static_cast<std::size_t>(w.k));
  for (Index j = 0; j < w.n; ++j) {
    unpack_row(w, j, weights.data());
    for (Index i = 0; i < a.m; ++i) {
      double sum = epilogue.bias == nullptr ? 0 : epilogue.bias[j];
      for (Index l = 0; l < w.k; ++l) {
        const double value = static_cast<double>(quantized_value(a, i, l)) * a.scales[i] + a.offsets[i];
        sum += value * weights[static_cast<std::size_t>(l)];
      }
      const double residual = epilogue.residual == nullptr ? 0 : epilogue.residual[i * epilogue.ld_residual + j];
      c[i * ldc + j] = activate(epilogue.activation, sum) + residual;
    }
  }
}

/// y[i] = f(z[i])
template <class S>
void activate(Activation activation, Index n, const S* z, double* y) {
  for (Index i = 0; i < n; ++i) y[i] = activate(activation, static_cast<double>(z[i]));
}

/// dz[i] = f'(z[i]) dy[i]; `dz` may be `dy`.
template <class S>
void activation_gradient(Activation activation, Index n, const S* z, const S* dy, double* dz) {
  for (Index i = 0; i < n; ++i) dz[i] = dy[i] * activation_derivative(activation, static_cast<double>(z[i]));
}

/// y[n] = (x - mean) / sqrt(variance + epsilon) * gain + bias, variance without Bessel's correction.
template <class S>
void layer_norm(Index n, const S* x, const S* gain, const S* bias, double epsilon, double* y) {
  double mean = 0, variance = 0;
  for (Index i = 0; i < n; ++i) mean += x[i];
  mean /= static_cast<double>(n);
  for (Index i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
  variance /= static_cast<double>(n);
  for (Index i = 0; i < n; ++i) y[i] = (x[i] - mean) / std::sqrt(variance + epsilon) * gain[i] + bias[i];
}

/// Adds to the gradients of layer_norm, each of which may be null. With g = dy gain and normal = (x - mean) /
/// deviation: dx += (g - mean(g) - normal mean(g normal)) / deviation.
template <class S>
void layer_norm_gradient(Index n, const S* x, const S* gain, double epsilon, const S* dy, double* dx, double* dgain,
                         double* dbias) {
  double mean = 0, variance = 0;
  for (Index i = 0; i < n; ++i) mean += x[i];
  mean /= static_cast<double>(n);
  for (Index i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
  const double scale = 1 / std::sqrt(variance / static_cast<double>(n) + epsilon);
  double sum = 0, dot = 0;
  for (Index i = 0; i < n; ++i) {
    const double normal = (x[i] - mean) * scale, g = static_cast<double>(dy[i]) * gain[i];
    sum += g;
    dot += g * normal;
    if (dgain != nullptr) dgain[i] += dy[i] * normal;
    if (dbias != nullptr) dbias[i] += dy[i];
  }
  if (dx == nullptr) return;
  sum /= static_cast<double>(n);
  dot /= static_cast<double>(n);
  for (Index i = 0; i < n; ++i) {
    dx[i] += (static_cast<double>(dy[i]) * gain[i] - sum - (x[i] - mean) * scale * dot) * scale;
  }
}

/// y[n] = x / sqrt(mean(x^2) + epsilon) * gain (Zhang and Sennrich, arXiv 1910.07467).
template <class S>
void rms_norm(Index n, const S* x, const S* gain, double epsilon, double* y) {
  double squares = 0;
  for (Index i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + epsilon);
  for (Index i = 0; i < n; ++i) y[i] = x[i] * scale * gain[i];
}

/// Adds to the gradients of rms_norm, each of which may be null. With g = dy gain and normal = x / deviation:
/// dx += (g - normal mean(g normal)) / deviation.
template <class S>
void rms_norm_gradient(Index n, const S* x, const S* gain, double epsilon, const S* dy, double* dx, double* dgain) {
  double squares = 0, dot = 0;
  for (Index i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + epsilon);
  for (Index i = 0; i < n; ++i) {
    dot += static_cast<double>(dy[i]) * gain[i] * x[i] * scale / static_cast<double>(n);
    if (dgain != nullptr) dgain[i] += dy[i] * x[i] * scale;
  }
  if (dx == nullptr) return;
  for (Index i = 0; i < n; ++i) dx[i] += (static_cast<double>(dy[i]) * gain[i] - x[i] * scale * dot) * scale;
}

/// y[i] = x[i] in half precision, rounded to the nearest; what is beyond +-kLargestHalf becomes that.
inline void to_halves(Index n, const float* x, float16* y) {
  for (Index i = 0; i < n; ++i) {
    const float kept = std::fabs(x[i]) > kLargestHalf ? std::copysign(kLargestHalf, x[i]) : x[i];
    y[i] = float16(kept);
  }
}

/// Rotary positions of one row of heads (RoFormer, arXiv 2104.09864, in the order of Hugging Face's rotate_half): the
/// pairs (x[i], x[i + half]) of each head turn by the angles with these cosines and sines [half], or back where
/// `direction` is -1.
template <class S>
void rotate(Index num_heads, Index half, const S* x, const float* cosines, const float* sines, double direction,
            double* y) {
  for (Index head = 0; head < num_heads; ++head) {
    for (Index i = 2 * head * half; i < (2 * head + 1) * half; ++i) {
      const double c = cosines[i % half], s = direction * sines[i % half], first = x[i], second = x[i + half];
      y[i] = first * c - second * s;
      y[i + half] = second * c + first * s;
    }
  }
}

/// y[i] = a[i] b[i]
template <class S>
void multiply(Index n, const S* a, const S* b, double* y) {
  for (Index i = 0; i < n; ++i) y[i] = static_cast<double>(a[i]) * b[i];
}

/// out[head_dim] = softmax(scale * q K^T + bias) V over the keys that stand in `rows` of k and v; of the bias too,
/// which may be null.
template <class S, class T>
void attention(const std::vector<Index>& rows, Index head_dim, const S* q, const T* k, const T* v, Index ldkv,
               double scale, double* out, const float* bias = nullptr) {
  std::vector<double> weights;
  for (const Index row : rows) {
    double score = 0;
    for (Index i = 0; i < head_dim; ++i) score += static_cast<double>(q[i]) * static_cast<S>(k[row * ldkv + i]);
    weights.push_back(score * scale + (bias == nullptr ? 0.0 : static_cast<double>(bias[row])));
  }
  const double shift = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - shift);
  for (Index i = 0; i < head_dim; ++i) {
    out[i] = 0;
    for (std::size_t j = 0; j < rows.size(); ++j) out[i] += weights[j] / sum * static_cast<S>(v[rows[j] * ldkv + i]);
  }
}

/// log(sum_i e^x[i]).
template <class S>
double log_sum_exp(Index n, const S* x) {
  const double shift = *std::max_element(x, x + n);
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += std::exp(x[i] - shift);
  return shift + std::log(sum);
}

/// p[n] = softmax(x). @return log(sum_i e^x[i])
template <class S>
double softmax(Index n, const S* x, double* p) {
  const double log_sum = log_sum_exp(n, x);
  for (Index i = 0; i < n; ++i) p[i] = std::exp(x[i] - log_sum);
  return log_sum;
}

/// Turns dp, the gradient by p = softmax(scale x), into the gradient by x: scale p (dp - p . dp).
template <class S>
void softmax_gradient(Index n, double scale, const S* p, double* dp) {
  double dot = 0;
  for (Index i = 0; i < n; ++i) dot += p[i] * dp[i];
  for (Index i = 0; i < n; ++i) dp[i] = scale * p[i] * (dp[i] - dot);
}

}  // namespace simd::reference
SHARPEYE_NAMESPACE_END
