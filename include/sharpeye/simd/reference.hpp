#pragma once

/// @file
/// The plain twins of the kernels, in double: what each kernel computes, without a thought for speed. Tests measure the
/// kernels against them.

#include <algorithm>
#include <cmath>
#include <vector>

#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd::reference {

/// The activation of one number.
inline double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return x < 0 ? 0 : x;
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kQuickGelu: return x / (1 + std::exp(-1.702 * x));
  }
  return x;
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

/// out[head_dim] = softmax(scale * q K^T) V over the keys that stand in `rows` of k and v.
template <class S>
void attention(const std::vector<Index>& rows, Index head_dim, const S* q, const S* k, const S* v, Index ldkv,
               double scale, double* out) {
  std::vector<double> weights;
  for (const Index row : rows) {
    double score = 0;
    for (Index i = 0; i < head_dim; ++i) score += static_cast<double>(q[i]) * k[row * ldkv + i];
    weights.push_back(score * scale);
  }
  const double shift = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - shift);
  for (Index i = 0; i < head_dim; ++i) {
    out[i] = 0;
    for (std::size_t j = 0; j < rows.size(); ++j) out[i] += weights[j] / sum * v[rows[j] * ldkv + i];
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

}  // namespace simd::reference
SHARPEYE_NAMESPACE_END
