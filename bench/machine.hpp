#pragma once

/// @file
/// The machine's own limit, measured in the run that uses it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "sharpeye/simd/isa.hpp"

#if SHARPEYE_X86
#include <immintrin.h>
#endif

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if SHARPEYE_X86
/// Multiply-adds in registers only: twelve independent chains of eight lanes. @return seconds for `steps` steps
__attribute__((target("avx2,fma"))) inline double run_fma(long steps) {
  __m256 a[12];
  for (int i = 0; i < 12; ++i) a[i] = _mm256_set1_ps(1e-3f * static_cast<float>(i + 1));
  __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-4f);
  asm volatile("" : "+x"(x), "+x"(y));
  const double begin = seconds();
  __m256 a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6], a7 = a[7], a8 = a[8], a9 = a[9],
         a10 = a[10], a11 = a[11];
  for (long step = 0; step < steps; ++step) {
    a0 = _mm256_fmadd_ps(a0, x, y), a1 = _mm256_fmadd_ps(a1, x, y), a2 = _mm256_fmadd_ps(a2, x, y);
    a3 = _mm256_fmadd_ps(a3, x, y), a4 = _mm256_fmadd_ps(a4, x, y), a5 = _mm256_fmadd_ps(a5, x, y);
    a6 = _mm256_fmadd_ps(a6, x, y), a7 = _mm256_fmadd_ps(a7, x, y), a8 = _mm256_fmadd_ps(a8, x, y);
    a9 = _mm256_fmadd_ps(a9, x, y), a10 = _mm256_fmadd_ps(a10, x, y), a11 = _mm256_fmadd_ps(a11, x, y);
  }
  const double elapsed = seconds() - begin;
  asm volatile("" ::"x"(a0), "x"(a1), "x"(a2), "x"(a3), "x"(a4), "x"(a5));
  asm volatile("" ::"x"(a6), "x"(a7), "x"(a8), "x"(a9), "x"(a10), "x"(a11));
  return elapsed;
}

/// GFLOP/s of f32 multiply-adds with AVX2 on `threads` threads that run at the same time.
inline double measure_peak(int threads) {
  constexpr long kSteps = 400000;  // about 0.7 ms
  std::atomic<int> ready{0};
  std::vector<double> rates(static_cast<std::size_t>(threads));
  const auto run = [&](std::size_t index) {
    ++ready;
    while (ready.load() < threads) {
    }
    double best = 1e9;
    for (int repeat = 0; repeat < 5; ++repeat) best = std::min(best, run_fma(kSteps));
    rates[index] = static_cast<double>(kSteps) * 12 * 16 / best / 1e9;
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
inline double measure_peak(int) {
  return 0;
}
#endif

}  // namespace bench
