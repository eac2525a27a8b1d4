#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "sharpeye/simd/integer_gemm.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"
#include "sharpeye/simd/reference.hpp"

using namespace sharpeye;
using namespace sharpeye::simd;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<Isa> supported() {
  std::vector<Isa> result;
  for (const Isa isa : kAllIsas) {
    if (is_supported(isa)) result.push_back(isa);
  }
  return result;
}

/// Integer weights of one product, packed.
struct Weights {
  Weights(Index n, Index k, WeightFormat format, const std::function<int(Index, Index)>& number)
      : scales(static_cast<std::size_t>(round_up(n, kNR)), kNan), sums(scales) {
    packed.n = n;
    packed.k = k;
    packed.format = format;
    for (Index i = 0; i < n; ++i) scales[static_cast<std::size_t>(i)] = 0.01f * static_cast<float>(1 + i % 7);
    // A guard behind the panels, and an address that no vector load would like.
    bytes.assign(static_cast<std::size_t>(packed.bytes()) + 2, 0xff);
    packed.data = bytes.data() + 2;
    packed.scales = scales.data();
    if (format == WeightFormat::kInt8) {
      std::vector<std::int8_t> rows;
      for (Index at = 0; at < n * k; ++at) rows.push_back(static_cast<std::int8_t>(number(at / k, at % k)));
      pack_bytes(n, k, rows.data(), bytes.data() + 2);
    } else {
      std::vector<std::uint8_t> rows(static_cast<std::size_t>(n * k / 2));
      for (Index at = 0; at < n * k; ++at) {
        const int bits = number(at / k, at % k) + kNibbleOffset;
        auto& pair = rows[static_cast<std::size_t>(at / 2)];
        pair = static_cast<std::uint8_t>(pair | (at % 2 == 0 ? bits : bits << 4));
      }
      std::vector<float> scales_of_groups;
      for (Index at = 0; at < n * k; at += kGroup) scales_of_groups.push_back(scale(at / k, at % k / kGroup));
      pack_nibbles(n, k, rows.data(), scales_of_groups.data(), bytes.data() + 2);
    }
    std::vector<float> row(static_cast<std::size_t>(k));
    for (Index i = 0; i < n; ++i) {
      unpack_row(packed, i, row.data());
      sums[static_cast<std::size_t>(i)] = static_cast<float>(std::accumulate(row.begin(), row.end(), 0.0));
    }
    packed.sums = sums.data();
  }
  float scale(Index row, Index group) const {
    return packed.format == WeightFormat::kInt8
               ? scales[static_cast<std::size_t>(row)]
               : static_cast<float>(float16(0.01f * static_cast<float>(1 + (row + 2 * group) % 5)));
  }

  std::vector<float> scales, sums;
  std::vector<std::uint8_t> bytes;
  PackedWeights packed;
};

/// A [m, k] quantized by the kernels of one instruction set; between its rows is NaN.
struct Activations {
  Activations(const KernelTable& kernel, Index m, Index k, const std::vector<float>& a, Index lda)
      : groups(ceil_div(k, kGroup)),
        values(static_cast<std::size_t>(m * groups * kGroup), 99),
        scales(static_cast<std::size_t>(m), kNan),
        offsets(scales),
        sums(static_cast<std::size_t>(m * groups), 12345),
        totals(static_cast<std::size_t>(m), 12345) {
    kernel.quantize_rows(0, m, m, k, a.data(), lda, values.data(), scales.data(), offsets.data(), sums.data(),
                         totals.data());
    rows = {values.data(), scales.data(), offsets.data(), sums.data(), totals.data(), m, groups};
  }
  int number(Index row, Index column) const { return reference::quantized_value(rows, row, column); }

  Index groups;
  std::vector<std::int8_t> values;
  std::vector<float> scales, offsets;
  std::vector<std::int32_t> sums, totals;
  QuantizedRows rows;
};

std::vector<float> random_rows(Index m, Index k, Index lda, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> a(static_cast<std::size_t>(m * lda), kNan);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < k; ++j) a[static_cast<std::size_t>(i * lda + j)] = normal(random);
  }
  return a;
}

/// The exact product of the integers, in double, against the kernel. @return C
std::vector<float> check_product(const KernelTable& kernel, const Activations& a, const Weights& w,
                                 const Epilogue& epilogue) {
  const Index m = a.rows.m, n = w.packed.n, k = w.packed.k, ldc = n + 5;
  CAPTURE(to_string(kernel.isa));
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CAPTURE(static_cast<int>(w.packed.format));
  std::vector<float> c(static_cast<std::size_t>(m * ldc), kNan);
  kernel.integer_block({0, m, 0, w.packed.panels(), a.rows, w.packed, c.data(), ldc, epilogue});
  std::vector<double> expected(static_cast<std::size_t>(m * n));
  reference::integer_gemm(a.rows, w.packed, epilogue, expected.data(), n);
  double worst = 0, size = 1e-30;
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double exact = expected[static_cast<std::size_t>(i * n + j)];
      const double error = std::fabs(exact - c[static_cast<std::size_t>(i * ldc + j)]);
      worst = std::isnan(error) ? 1e30 : std::max(worst, error);
      size = std::max(size, std::fabs(exact));
    }
  }
  CHECK(worst < 3e-6 * size);
  for (Index i = 0; i < m; ++i) {
    for (Index j = n; j < ldc; ++j) REQUIRE(std::isnan(c[static_cast<std::size_t>(i * ldc + j)]));
  }
  return c;
}

}  // namespace

TEST_CASE("activations become integers with the rounding and the sums that are documented") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Index m : {1, 5, 6, 13}) {
      for (const Index k : {1, 4, 31, 32, 70, 257}) {
        const std::vector<float> a = random_rows(m, k, k + 3, 7);
        const Activations q(kernel, m, k, a, k + 3);
        for (Index i = 0; i < m; ++i) {
          const float* source = a.data() + i * (k + 3);
          std::vector<std::int32_t> values(static_cast<std::size_t>(k));
          float scale = kNan, offset = kNan;
          reference::quantize_row(k, source, values.data(), scale, offset);
          REQUIRE(q.scales[static_cast<std::size_t>(i)] == scale);
          REQUIRE(q.offsets[static_cast<std::size_t>(i)] == offset);
          int total = 0;
          for (Index group = 0; group < q.groups; ++group) {
            int sum = 0;
            for (Index j = group * kGroup; j < (group + 1) * kGroup; ++j) {
              const int expected = j < k ? values[static_cast<std::size_t>(j)] : 0;
              REQUIRE(q.number(i, j) == expected);
              sum += expected;
            }
            REQUIRE(q.sums[static_cast<std::size_t>(i * q.groups + group)] == sum);
            total += sum;
          }
          REQUIRE(q.totals[static_cast<std::size_t>(i)] == total);
        }
      }
    }
    // A row of zeros stays zero; one that is not finite cannot hide.
    for (const float bad : {0.0f, kNan, std::numeric_limits<float>::infinity()}) {
      std::vector<float> a(40, 0.0f);
      a[37] = bad;
      const Activations q(kernel, 1, 40, a, 40);
      CHECK(std::isnan(q.scales[0]) == (bad != 0));
    }
  }
}

TEST_CASE("integer products of every tail agree with the exact sums, the same bits on every instruction set") {
  std::mt19937 random(3);
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kInt4}) {
    for (const Index m : {1, 2, 3, 4, 5, 6, 7, 12, 13, 29}) {
      for (const Index n : {1, 15, 16, 17, 33, 48}) {
        for (const Index k :
             {4, 32, 36, 70, 256, 257, 608, 2144}) {  // the last in three blocks, where 4 bits are unpacked
          if (k > 1000 && m != 3 && m != 13) continue;
          if (format == WeightFormat::kInt4 && k % kGroup != 0) continue;
          const int limit = format == WeightFormat::kInt8 ? kByteLimit : kNibbleLimit;
          std::vector<int> numbers(static_cast<std::size_t>(n * k));
          for (int& number : numbers) number = static_cast<int>(random() % static_cast<unsigned>(2 * limit)) - limit;
          const Weights w(n, k, format, [&](Index i, Index j) { return numbers[static_cast<std::size_t>(i * k + j)]; });
          const std::vector<float> a = random_rows(m, k, k, 1), residual = random_rows(m, n, n, 2);
          std::vector<float> bias = random_rows(1, round_up(n, kNR), round_up(n, kNR), 3);
          const bool fused = (m + n) % 2 == 0;
          const Epilogue epilogue{fused ? bias.data() : nullptr, fused ? Activation::kRelu : Activation::kNone,
                                  fused ? residual.data() : nullptr, n};
          std::vector<float> first;
          for (const Isa isa : supported()) {
            const KernelTable kernel = kernels_for(isa);
            const std::vector<float> c = check_product(kernel, Activations(kernel, m, k, a, k), w, epilogue);
            if (first.empty()) first = c;
            // 4-bit sums meet their scales group after group, with or without a fused multiplication and addition.
            if (format == WeightFormat::kInt4) continue;
            for (std::size_t i = 0; i < c.size(); ++i) REQUIRE((c[i] == first[i] || std::isnan(first[i])));
          }
        }
      }
    }
  }
}

TEST_CASE("no sum of bytes saturates, whatever the weights and activations") {
  // The extremes of all pairs of neighbours: +-127 times every weight at its limits.
  const Index k = 4096, n = 17, m = 7;
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kInt4}) {
    const int low = format == WeightFormat::kInt8 ? -kByteLimit : -kNibbleLimit;
    const int high = format == WeightFormat::kInt8 ? kByteLimit : kNibbleLimit - 1;
    for (int pattern = 0; pattern < 4; ++pattern) {
      const Weights w(n, k, format,
                      [&](Index i, Index j) { return (pattern & 1) != 0 && (i + j) % 3 == 0 ? low : high; });
      std::vector<float> a(static_cast<std::size_t>(m * k));
      for (std::size_t i = 0; i < a.size(); ++i)
        a[i] = i % ((pattern & 2) != 0 ? 5u : std::size_t{4096}) == 0 ? -3.0f : 3.0f;
      for (const Isa isa : supported()) {
        const KernelTable kernel = kernels_for(isa);
        const Activations q(kernel, m, k, a, k);
        CHECK(q.number(0, 1) == 127);
        check_product(kernel, q, w, {});
      }
    }
  }
}

TEST_CASE("threaded integer products give the same bits for any number of threads") {
  const Index m = 131, n = 200, k = 320;
  const std::vector<float> a = random_rows(m, k, k, 1);
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kInt4}) {
    const Weights w(n, k, format, [](Index i, Index j) { return static_cast<int>((i * 7 + j * 3) % 16) - 8; });
    for (const Index rows : {m, Index{3}}) {
      std::vector<float> first;
      for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        Arena arena;
        std::vector<float> c(static_cast<std::size_t>(rows * n), kNan);
        const QuantizedMatrix q = quantize(pool, arena, rows, k, a.data(), k, false);
        const Product product{w.packed, c.data(), n, {}};
        integer_gemm(pool, q.rows, &product, 1);
        if (first.empty()) first = c;
        CHECK(c == first);
      }
    }
  }
}

TEST_CASE("leaving out the steps at which A is zero changes no bit of an integer product") {
  ThreadPool pool(1);
  Arena arena;
  for (const Index m : {1, 2, 3, 4, 5, 6}) {
    for (const Index n : {16, 33, 48}) {
      for (const Index k : {96, 512}) {
        for (const double zeros : {0.9, 0.95, 1.0}) {
          for (const bool below : {false, true}) {  // zero: the smallest of a row as after a ReLU, or in its midst
            CAPTURE(m);
            CAPTURE(n);
            CAPTURE(k);
            CAPTURE(zeros);
            std::vector<float> a = random_rows(m, k, k, 1);
            std::mt19937 random(2);
            for (Index i = 0; i < k; ++i) {
              const bool is_zero = std::uniform_real_distribution<double>()(random) < zeros;
              for (Index r = 0; r < m; ++r) {
                float& x = a[static_cast<std::size_t>(r * k + i)];
                x = is_zero ? 0.0f : below ? x : std::fabs(x);
              }
            }
            const Weights w(n, k, WeightFormat::kInt8,
                            [](Index i, Index j) { return static_cast<int>((i * 7 + j * 3) % 127) - 63; });
            const QuantizedMatrix q = quantize(pool, arena, m, k, a.data(), k, true);
            REQUIRE(q.rows.live.begins != nullptr);
            if (below && zeros < 1) CHECK(q.rows.zeros[0] != -127);  // both kinds of zero occur
            if (!below && zeros < 1) CHECK(q.rows.zeros[0] == -127);
            for (const Isa isa : supported()) {
              CAPTURE(to_string(isa));
              std::vector<float> whole(static_cast<std::size_t>(m * n), kNan), sparse(whole);
              IntegerBlock block{0, m, 0, w.packed.panels(), q.rows, w.packed, sparse.data(), n, {}};
              kernels_for(isa).integer_block(block);
              block.a.live = {};
              block.c = whole.data();
              kernels_for(isa).integer_block(block);
              CHECK(whole == sparse);
            }
          }
        }
      }
    }
  }
}
