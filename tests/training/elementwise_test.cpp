#include "sharpeye/training/elementwise.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/training/matmul.hpp"

using namespace sharpeye;

namespace {

std::vector<float> numbers(Index n, std::uint64_t seed, double scale = 2) {
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& value : x) value = static_cast<float>(scale * random.normal());
  return x;
}

std::vector<double> wide(const std::vector<float>& x) {
  return {x.begin(), x.end()};
}

// Element by element within a few roundings of the largest.
void check_close(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance = 2e-6) {
  REQUIRE(actual.size() == expected.size());
  double largest = 1;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(actual[i] - expected[i]) <= tolerance * largest);
  }
}

}  // namespace

TEST_CASE("kernels of training say what their twins in double say") {
  for (const Isa isa : kAllIsas) {
    if (!is_supported(isa)) continue;
    CAPTURE(to_string(isa));
    const simd::KernelTable kernel = simd::kernels_for(isa);
    for (const Index n : {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 65, 130}) {
      CAPTURE(n);
      const auto size = static_cast<std::size_t>(n);
      const auto z = numbers(n, 1), up = numbers(n, 2), gain = numbers(n, 3, 1), bias = numbers(n, 4, 1);
      for (const Activation activation :
           {Activation::kNone, Activation::kRelu, Activation::kGelu, Activation::kQuickGelu}) {
        CAPTURE(static_cast<int>(activation));
        std::vector<float> y(size), dz(size);
        std::vector<double> wide_y(size), wide_dz(size);
        kernel.activate(activation, n, z.data(), y.data());
        training::activate<double>(activation, n, wide(z).data(), wide_y.data());
        check_close(y, wide_y);
        kernel.activation_gradient(activation, n, z.data(), up.data(), dz.data());
        training::activation_gradient<double>(activation, n, wide(z).data(), wide(up).data(), wide_dz.data());
        check_close(dz, wide_dz);
      }
      std::vector<float> p = z, dp = up, dx = numbers(n, 5), dgain = numbers(n, 6), dbias = numbers(n, 7);
      std::vector<double> wide_p = wide(z), wide_dp = wide(up), wide_dx = wide(dx), wide_dgain = wide(dgain),
                          wide_dbias = wide(dbias);
      CHECK(kernel.softmax(n, p.data()) == doctest::Approx(training::softmax<double>(n, wide_p.data())));
      check_close(p, wide_p);
      kernel.softmax_gradient(n, 0.3f, p.data(), dp.data());
      training::softmax_gradient<double>(n, 0.3f, wide_p.data(), wide_dp.data());
      check_close(dp, wide_dp);
      kernel.layer_norm_gradient(n, z.data(), gain.data(), 0.1f, up.data(), dx.data(), dgain.data(), dbias.data());
      training::layer_norm_gradient<double>(n, wide(z).data(), wide(gain).data(), 0.1f, wide(up).data(), wide_dx.data(),
                                            wide_dgain.data(), wide_dbias.data());
      check_close(dx, wide_dx, 1e-5);
      check_close(dgain, wide_dgain, 1e-5);
      check_close(dbias, wide_dbias);
    }
  }
}

TEST_CASE("matmul: every form of factors, odd shapes, C overwritten or added to, nothing outside of C touched") {
  Arena arena;
  for (const Index m : {1, 5, 6, 13, 30}) {
    for (const Index n : {1, 15, 16, 17, 33, 48}) {
      for (const Index k : {1, 7, 64, 400}) {
        for (int form = 0; form < 8; ++form) {
          const bool a_turned = (form & 1) != 0, b_turned = (form & 2) != 0, accumulate = (form & 4) != 0;
          const Index lda = (a_turned ? m : k) + 3, ldb = (b_turned ? k : n) + 2, ldc = n + 5;
          const auto a = numbers((a_turned ? k : m) * lda, 1, 1), b = numbers((b_turned ? n : k) * ldb, 2, 1);
          auto c = numbers(m * ldc, 3, 1);
          const auto before = c;
          training::matmul<float>(arena, m, n, k, {a.data(), lda, a_turned}, {b.data(), ldb, b_turned}, c.data(), ldc,
                                  accumulate);
          const auto at = [](const std::vector<float>& x, Index ld, bool turned, Index i, Index j) {
            return static_cast<double>(x[static_cast<std::size_t>(turned ? j * ld + i : i * ld + j)]);
          };
          double worst = 0;
          for (Index i = 0; i < m; ++i) {
            for (Index j = 0; j < ldc; ++j) {
              const auto place = static_cast<std::size_t>(i * ldc + j);
              if (j >= n) {
                REQUIRE(c[place] == before[place]);
                continue;
              }
              double sum = accumulate ? static_cast<double>(before[place]) : 0.0;
              for (Index l = 0; l < k; ++l) sum += at(a, lda, a_turned, i, l) * at(b, ldb, b_turned, l, j);
              worst = std::max(worst, std::abs(sum - static_cast<double>(c[place])));
            }
          }
          INFO(m, " x ", n, " x ", k, ", form ", form);
          CHECK(worst <= 1e-5 * std::sqrt(static_cast<double>(k)));
        }
      }
    }
  }
}
