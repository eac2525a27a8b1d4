#include <cmath>
#include <iostream>
#include <vector>

#include "sharpeye/simd/gemm.hpp"
#include "sharpeye/simd/isa.hpp"
#include "sharpeye/simd/pack.hpp"

// One kernel alone: C [m, n] = A [m, k] * W^T with W [n, k], on all threads, with the instruction set of this CPU.
int main() {
  using sharpeye::Index;
  namespace simd = sharpeye::simd;
  constexpr Index m = 100, n = 200, k = 300;
  std::vector<float> a(m * k), w(n * k), c(m * n);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 17) / 17;
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i % 23) / 23 - 0.5f;

  // Weights are packed once, in micro-panels of 16 columns, and multiplied many times.
  simd::PackedWeights weights{nullptr, sharpeye::WeightFormat::kF32, n, k};
  std::vector<float> packed(static_cast<std::size_t>(weights.bytes()) / sizeof(float));
  simd::pack_weights(
      n, k, [&](Index row, Index column) { return w[static_cast<std::size_t>(row * k + column)]; }, packed.data());
  weights.data = packed.data();

  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Arena arena;  // scratch memory, kept for the next product
  const simd::Product product{weights, c.data(), n, {}};
  simd::gemm(threads, arena, m, a.data(), k, &product, 1);

  double error = 0, norm = 0;
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = 0;
      for (Index p = 0; p < k; ++p)
        sum += double{a[static_cast<std::size_t>(i * k + p)]} * w[static_cast<std::size_t>(j * k + p)];
      error += std::pow(sum - c[static_cast<std::size_t>(i * n + j)], 2);
      norm += sum * sum;
    }
  }
  std::cout << to_string(sharpeye::detect_isa()) << ": relative error " << std::sqrt(error / norm) << "\n";
  return error <= 1e-12 * norm ? 0 : 1;
}
