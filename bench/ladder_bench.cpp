// From the naive loop to the kernel, one step at a time, at a matrix product of the vision transformer: each version is
// verified against a product in double, then timed on one thread beside the machine's FMA peak. README.md explains it.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "machine.hpp"
#include "sharpeye/core/pages.hpp"
#include "sharpeye/simd/gemm.hpp"
#include "sharpeye/simd/integer_gemm.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"

using namespace sharpeye;

namespace {

constexpr Index kM = 577, kN = 1024, kK = 1024;

/// C[kM, kN] = A[kM, kK] * W^T with W [kN, kK], as a model has them.
struct Product {
  const float *a, *w;
  float* c;
  simd::PackedWeights packed, packed_f16, packed_i8;
};

void naive(const Product& p) {
  for (Index i = 0; i < kM; ++i) {
    for (Index j = 0; j < kN; ++j) {
      float sum = 0;
      for (Index l = 0; l < kK; ++l) sum += p.a[i * kK + l] * p.w[j * kK + l];
      p.c[i * kN + j] = sum;
    }
  }
}

// Plain C++ with sixteen partial sums, which a compiler keeps in vectors of whatever it may use.
#define SHARPEYE_LADDER_BODIES(suffix)                                                         \
  void vectors_##suffix(const Product& p) {                                                    \
    for (Index i = 0; i < kM; ++i) {                                                           \
      for (Index j = 0; j < kN; ++j) {                                                         \
        float sums[16] = {};                                                                   \
        for (Index l = 0; l < kK; l += 16) {                                                   \
          for (Index v = 0; v < 16; ++v) sums[v] += p.a[i * kK + l + v] * p.w[j * kK + l + v]; \
        }                                                                                      \
        float sum = 0;                                                                         \
        for (const float part : sums) sum += part;                                             \
        p.c[i * kN + j] = sum;                                                                 \
      }                                                                                        \
    }                                                                                          \
  }                                                                                            \
  /* Four rows by four columns at once: each vector that is loaded is used four times. */      \
  void tiles_##suffix(const Product& p) {                                                      \
    for (Index i = 0; i < kM; i += 4) {                                                        \
      const Index rows = std::min<Index>(4, kM - i);                                           \
      for (Index j = 0; j < kN; j += 4) {                                                      \
        float sums[4][4][16] = {};                                                             \
        for (Index l = 0; l < kK; l += 16) {                                                   \
          for (Index r = 0; r < 4; ++r) {                                                      \
            const float* a = p.a + (i + (r < rows ? r : 0)) * kK + l;                          \
            for (Index s = 0; s < 4; ++s) {                                                    \
              const float* w = p.w + (j + s) * kK + l;                                         \
              for (Index v = 0; v < 16; ++v) sums[r][s][v] += a[v] * w[v];                     \
            }                                                                                  \
          }                                                                                    \
        }                                                                                      \
        for (Index r = 0; r < rows; ++r) {                                                     \
          for (Index s = 0; s < 4; ++s) {                                                      \
            float sum = 0;                                                                     \
            for (const float part : sums[r][s]) sum += part;                                   \
            p.c[(i + r) * kN + j + s] = sum;                                                   \
          }                                                                                    \
        }                                                                                      \
      }                                                                                        \
    }                                                                                          \
  }
SHARPEYE_LADDER_BODIES(plain)
#if SHARPEYE_X86
#pragma GCC push_options
#pragma GCC target("avx2,fma")
SHARPEYE_LADDER_BODIES(avx2)
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")
SHARPEYE_LADDER_BODIES(avx512)
#pragma GCC pop_options
#endif

std::function<void(const Product&)> of_this_cpu(const char* which) {
  const bool tiles = which[0] == 't';
#if SHARPEYE_X86
  if (is_supported(Isa::kAvx512)) return tiles ? tiles_avx512 : vectors_avx512;
  if (is_supported(Isa::kAvx2)) return tiles ? tiles_avx2 : vectors_avx2;
#endif
  return tiles ? tiles_plain : vectors_plain;
}

/// W in panels, A as it stands: a register tile of 6 rows by a panel or two, each step of k one broadcast a row.
void packed_weights(const Product& p) {
  const simd::KernelTable& kernel = simd::kernels();
  for (Index row = 0; row < kM; row += simd::kMR) {
    kernel.gemv_block(
        {std::min(simd::kMR, kM - row), 0, p.packed.panels(), p.a + row * kK, kK, p.packed, p.c + row * kN, kN, {}});
  }
}

/// A in tiles too, and the tile as high as the registers allow; the whole product as one block.
void packed_both(const Product& p) {
  static const Pages packed_a = allocate_pages(kM * kK * sizeof(float));
  const simd::KernelTable& kernel = simd::kernels();
  auto* a = static_cast<float*>(packed_a.get());
  kernel.pack_rows(0, kM, kM, kK, p.a, kK, a);
  kernel.gemm_block({kM, 0, kM, 0, p.packed.panels(), a, p.packed, p.c, kN, {}});
}

ThreadPool& alone() {
  static ThreadPool pool(1);
  return pool;
}

/// The kernel: blocks of A that stay in the L2 cache, panels prefetched.
void blocks(const Product& p, const simd::PackedWeights& weights) {
  static Arena arena;
  const simd::Product product{weights, p.c, kN, {}};
  simd::gemm(alone(), arena, kM, p.a, kK, &product, 1);
}

/// Activations rounded to 8 bits on the way, exact sums of integers.
void integers(const Product& p) {
  static Arena arena;
  const auto rows = simd::quantize(alone(), arena, kM, kK, p.a, kK, false);
  const simd::Product product{p.packed_i8, p.c, kN, {}};
  simd::integer_gemm(alone(), rows.rows, &product, 1);
}

double relative_error(const Product& p, const std::vector<double>& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(p.c[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  return std::sqrt(error / size);
}

}  // namespace

int main() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  const auto fill = [&](Index count) {
    Pages pages = allocate_pages(static_cast<std::size_t>(count) * sizeof(float));
    std::generate_n(static_cast<float*>(pages.get()), count, [&] { return normal(random); });
    return pages;
  };
  const Pages a = fill(kM * kK), w = fill(kN * kK), c = fill(kM * kN);
  Product p{
      static_cast<const float*>(a.get()), static_cast<const float*>(w.get()), static_cast<float*>(c.get()), {}, {}, {}};
  const auto weight = [&](Index row, Index column) { return p.w[row * kK + column]; };

  const auto pack = [&](WeightFormat format, simd::PackedWeights& packed) {
    packed = {nullptr, format, kN, kK, nullptr};
    Pages pages = allocate_pages(static_cast<std::size_t>(packed.bytes()));
    packed.data = pages.get();
    return pages;
  };
  const Pages panels = pack(WeightFormat::kF32, p.packed), panels_f16 = pack(WeightFormat::kF16, p.packed_f16),
              panels_i8 = pack(WeightFormat::kInt8, p.packed_i8);
  simd::pack_weights(kN, kK, weight, static_cast<float*>(panels.get()));
  simd::pack_weights(kN, kK, weight, static_cast<float16*>(panels_f16.get()));
  std::vector<float> scales(kN), sums(kN);
  for (Index row = 0; row < kN; ++row) {
    float largest = 0;
    for (Index column = 0; column < kK; ++column) largest = std::max(largest, std::fabs(weight(row, column)));
    scales[static_cast<std::size_t>(row)] = largest / simd::kByteLimit;
  }
  p.packed_i8.scales = scales.data();
  std::vector<std::int8_t> numbers;
  for (Index row = 0; row < kN; ++row) {
    const float scale = scales[static_cast<std::size_t>(row)];
    for (Index column = 0; column < kK; ++column) {
      numbers.push_back(static_cast<std::int8_t>(std::nearbyint(weight(row, column) / scale)));
    }
  }
  simd::pack_bytes(kN, kK, numbers.data(), static_cast<std::uint8_t*>(panels_i8.get()));
  std::vector<float> row(kK);
  for (Index i = 0; i < kN; ++i) {
    simd::unpack_row(p.packed_i8, i, row.data());
    sums[static_cast<std::size_t>(i)] = std::accumulate(row.begin(), row.end(), 0.0f);
  }
  p.packed_i8.sums = sums.data();

  std::vector<double> expected(static_cast<std::size_t>(kM * kN));
  for (Index i = 0; i < kM; ++i) {
    for (Index j = 0; j < kN; ++j) {
      double sum = 0;
      for (Index l = 0; l < kK; ++l) sum += static_cast<double>(p.a[i * kK + l]) * p.w[j * kK + l];
      expected[static_cast<std::size_t>(i * kN + j)] = sum;
    }
  }

  struct Version {
    const char* name;
    std::function<void(const Product&)> run;
    double bound;  // relative error
  };
  const std::vector<Version> versions{
      {"1 naive loops", naive, 1e-5},
      {"2 vectors along k", of_this_cpu("vectors"), 1e-6},
      {"3 tiles of 4 x 4 sums", of_this_cpu("tiles"), 1e-6},
      {"4 packed weights, 6 rows", packed_weights, 1e-6},
      {"5 packed activations, high tile", packed_both, 1e-6},
      {"6 blocks and prefetches", [](const Product& q) { blocks(q, q.packed); }, 1e-6},
      {"7 the same, F16 weights", [](const Product& q) { blocks(q, q.packed_f16); }, 1e-3},
      {"8 integers of 8 bits", integers, 2.5e-2},
  };
  std::printf("C[%td, %td] = A[%td, %td] W^T, one thread, %s\n\n", kM, kN, kM, kK, to_string(simd::kernels().isa));
  std::printf("version                               ms   GFLOP/s   of f32 peak   error\n");
  for (const Version& version : versions) {
    std::fill_n(p.c, kM * kN, 0.0f);
    version.run(p);
    const double error = relative_error(p, expected);
    if (!(error < version.bound)) {
      std::printf("%s: expected a relative error below %g, actual %g\n", version.name, version.bound, error);
      return 1;
    }
    std::vector<double> times;
    double peak = bench::measure_peak(1);
    for (int repeat = 0; repeat < 7; ++repeat) {
      const double begin = bench::seconds();
      version.run(p);
      times.push_back(bench::seconds() - begin);
    }
    peak = std::max(peak, bench::measure_peak(1));
    std::sort(times.begin(), times.end());
    const double rate = 2.0 * kM * kN * kK / times[3] / 1e9;
    std::printf("%-32s %8.2f %9.1f %10.1f %%   %.1e\n", version.name, 1e3 * times[3], rate, 100 * rate / peak, error);
  }
}
