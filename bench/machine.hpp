#pragma once

/// @file
/// The machine's own limit, measured in the run that uses it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "sharpeye/core/pages.hpp"
#include "sharpeye/simd/kernels.hpp"

#if SHARPEYE_X86
#include <immintrin.h>
#endif

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if SHARPEYE_X86
// Multiply-adds in registers only: twelve independent chains, enough for two pipes of latency four. No arrays: they
// would go through memory.
#define SHARPEYE_BENCH_RUN_FMA(name, target_options, Vector, set, fma)                                              \
  __attribute__((target(target_options))) inline double name(long steps) {                                          \
    Vector x = set(0.999f), y = set(1e-4f), a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, \
           a9 = x, a10 = x, a11 = x;                                                                                \
    asm volatile("" : "+v"(x), "+v"(y), "+v"(a0), "+v"(a1), "+v"(a2), "+v"(a3), "+v"(a4));                          \
    asm volatile("" : "+v"(a5), "+v"(a6), "+v"(a7), "+v"(a8), "+v"(a9), "+v"(a10), "+v"(a11));                      \
    const double begin = seconds();                                                                                 \
    for (long step = 0; step < steps; ++step) {                                                                     \
      a0 = fma(a0, x, y), a1 = fma(a1, x, y), a2 = fma(a2, x, y), a3 = fma(a3, x, y), a4 = fma(a4, x, y);           \
      a5 = fma(a5, x, y), a6 = fma(a6, x, y), a7 = fma(a7, x, y), a8 = fma(a8, x, y), a9 = fma(a9, x, y);           \
      a10 = fma(a10, x, y), a11 = fma(a11, x, y);                                                                   \
    }                                                                                                               \
    asm volatile("" : "+v"(a0), "+v"(a1), "+v"(a2), "+v"(a3), "+v"(a4), "+v"(a5));                                  \
    asm volatile("" : "+v"(a6), "+v"(a7), "+v"(a8), "+v"(a9), "+v"(a10), "+v"(a11));                                \
    return seconds() - begin;                                                                                       \
  }
SHARPEYE_BENCH_RUN_FMA(run_fma_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)
SHARPEYE_BENCH_RUN_FMA(run_fma_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#undef SHARPEYE_BENCH_RUN_FMA

/// GFLOP/s of f32 multiply-adds with the vectors of `isa` on `threads` threads that run at the same time. The scalar
/// kernels are measured against AVX2's.
inline double measure_peak(int threads, sharpeye::Isa isa = sharpeye::simd::kernels().isa) {
  const bool wide =
      isa == sharpeye::Isa::kAvx512 || isa == sharpeye::Isa::kAvx512Vnni || isa == sharpeye::Isa::kAvx512Bf16;
  if (!sharpeye::is_supported(wide ? sharpeye::Isa::kAvx512 : sharpeye::Isa::kAvx2)) return 0;
  constexpr long kSteps = 400000;  // about 0.7 ms
  std::atomic<int> ready{0};
  std::vector<double> rates(static_cast<std::size_t>(threads));
  const auto run = [&](std::size_t index) {
    ++ready;
    while (ready.load() < threads) {
    }
    double best = 1e9;
    for (int repeat = 0; repeat < 5; ++repeat)
      best = std::min(best, wide ? run_fma_avx512(kSteps) : run_fma_avx2(kSteps));
    rates[index] = static_cast<double>(kSteps) * 12 * (wide ? 32 : 16) / best / 1e9;
  };
  std::vector<std::thread> others;
  for (std::size_t index = 1; index < rates.size(); ++index) others.emplace_back(run, index);
  run(0);
  for (std::thread& other : others) other.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}
#else
/// Not measured on this architecture yet. @return 0
inline double measure_peak(int, sharpeye::Isa = sharpeye::Isa::kScalar) {
  return 0;
}
#endif

/// GB/s at which `threads` threads read a buffer of `bytes` that no cache holds, each its own part; the best of three.
inline double measure_read_bandwidth(int threads, std::size_t bytes = std::size_t{1} << 29) {
  const sharpeye::Pages buffer = sharpeye::allocate_pages(bytes);  // large pages, as weights have
  std::fill_n(static_cast<std::uint64_t*>(buffer.get()), bytes / sizeof(std::uint64_t), 1);
  const std::size_t part = bytes / sizeof(std::uint64_t) / static_cast<std::size_t>(threads);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads) * 8);
  const auto read = [&](std::size_t index) {
    const std::uint64_t* values = static_cast<const std::uint64_t*>(buffer.get()) + index * part;
    std::uint64_t a = 0, b = 0, c = 0, d = 0;  // plain sums: the compiler's vectors are fast enough for any memory
    for (std::size_t i = 0; i + 32 <= part; i += 32) {
      for (std::size_t j = 0; j < 8; ++j) {
        a += values[i + j];
        b += values[i + 8 + j];
        c += values[i + 16 + j];
        d += values[i + 24 + j];
      }
    }
    sums[index * 8] = a + b + c + d;
  };
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double begin = seconds();
    std::vector<std::thread> others;
    for (std::size_t index = 1; index < static_cast<std::size_t>(threads); ++index) others.emplace_back(read, index);
    read(0);
    for (std::thread& other : others) other.join();
    best = std::max(best, static_cast<double>(bytes) / (seconds() - begin) / 1e9);
  }
  volatile std::uint64_t sink = sums[0];
  static_cast<void>(sink);
  return best;
}

}  // namespace bench
