#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/reference.hpp"

using namespace sharpeye;
using namespace sharpeye::simd;

namespace {

/// n random numbers, and NaN behind them: a kernel that reads on cannot give a right result.
std::vector<float> numbers(Index n, unsigned seed, float scale = 2) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> x(static_cast<std::size_t>(n + 16), std::numeric_limits<float>::quiet_NaN());
  for (Index i = 0; i < n; ++i) x[static_cast<std::size_t>(i)] = normal(random);
  return x;
}

std::vector<double> wide(const std::vector<float>& x) {
  return {x.begin(), x.end()};
}

/// Element by element within a few roundings of the largest, and NaN where NaN stood: nothing behind n was written.
void check_close(Index n, const std::vector<float>& actual, const std::vector<double>& expected,
                 double tolerance = 2e-6) {
  double largest = 1;
  for (Index i = 0; i < n; ++i) largest = std::max(largest, std::abs(expected[static_cast<std::size_t>(i)]));
  for (Index i = 0; i < n; ++i) {
    CAPTURE(i);
    const auto at = static_cast<std::size_t>(i);
    REQUIRE(std::abs(actual[at] - expected[at]) <= tolerance * largest);
  }
  for (auto i = static_cast<std::size_t>(n); i < actual.size(); ++i) REQUIRE(std::isnan(actual[i]));
}

constexpr Index kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 65, 130};

template <class Body>
void for_each_isa(const Body& body) {
  for (const Isa isa : kAllIsas) {
    if (!is_supported(isa)) continue;
    CAPTURE(to_string(isa));
    const KernelTable kernel = kernels_for(isa);
    CHECK(kernel.isa == isa);
    for (const Index n : kSizes) {
      CAPTURE(n);
      body(kernel, n);
    }
  }
}

}  // namespace

TEST_CASE("activations: names, and values that were computed elsewhere") {
  for (const Activation activation : kAllActivations) {
    Activation found{};
    REQUIRE(find_activation(to_string(activation), found));
    CHECK(found == activation);
  }
  Activation found = Activation::kRelu;
  CHECK_FALSE(find_activation("tanh", found));
  CHECK(found == Activation::kRelu);
  // Independent of the twins' text: from tables of Phi, tanh and the logistic function.
  CHECK(reference::activate(Activation::kGelu, 1.0) == doctest::Approx(0.84134474606854).epsilon(1e-12));
  CHECK(reference::activate(Activation::kGeluTanh, 1.0) == doctest::Approx(0.841191990608).epsilon(1e-10));
  CHECK(reference::activate(Activation::kGeluTanh, -2.0) == doctest::Approx(-0.045402305912).epsilon(1e-9));
  CHECK(reference::activate(Activation::kSilu, 1.0) == doctest::Approx(0.73105857863000).epsilon(1e-12));
  CHECK(reference::activate(Activation::kSilu, -2.0) == doctest::Approx(-0.23840584404424).epsilon(1e-12));
  CHECK(reference::activate(Activation::kQuickGelu, 1.0) == doctest::Approx(0.8457957659328).epsilon(1e-10));
}

TEST_CASE("the derivative of each activation is that of its formula") {
  for (const Activation activation : kAllActivations) {
    CAPTURE(to_string(activation));
    for (double x = -6.05; x < 6; x += 0.1) {
      const double step = 1e-5;
      const double numeric =
          (reference::activate(activation, x + step) - reference::activate(activation, x - step)) / (2 * step);
      CHECK(std::abs(reference::activation_derivative(activation, x) - numeric) < 1e-9);
    }
  }
}

TEST_CASE("activations of rows and their gradients agree with the twins") {
  for_each_isa([](const KernelTable& kernel, Index n) {
    const auto z = numbers(n, 1), up = numbers(n, 2);
    for (const Activation activation : kAllActivations) {
      CAPTURE(to_string(activation));
      auto y = numbers(n, 3), dz = numbers(n, 4);
      std::vector<double> expected(z.size());
      kernel.activate(activation, n, z.data(), y.data());
      reference::activate(activation, n, z.data(), expected.data());
      check_close(n, y, expected);
      kernel.activation_gradient(activation, n, z.data(), up.data(), dz.data());
      reference::activation_gradient(activation, n, z.data(), up.data(), expected.data());
      check_close(n, dz, expected);
    }
  });
}

TEST_CASE("gradients of activations are as accurate far from zero, and do not hide a NaN") {
  for (const Isa isa : kAllIsas) {
    if (!is_supported(isa)) continue;
    const KernelTable kernel = kernels_for(isa);
    for (const Activation activation : kAllActivations) {
      if (activation == Activation::kNone || activation == Activation::kRelu) continue;
      CAPTURE(to_string(activation));
      const float one = 1;
      float dz = 0;
      for (float x = -120.0f; x < 120.0f; x += 0.0137f) {
        kernel.activation_gradient(activation, 1, &x, &one, &dz);
        REQUIRE(std::abs(dz - reference::activation_derivative<double>(activation, x)) <= 2e-6);
      }
      const float bad = std::numeric_limits<float>::quiet_NaN();
      kernel.activation_gradient(activation, 1, &bad, &one, &dz);
      CHECK(std::isnan(dz));
    }
  }
}

TEST_CASE("softmax and its gradient agree with the twins") {
  for_each_isa([](const KernelTable& kernel, Index n) {
    const auto x = numbers(n, 1), up = numbers(n, 2);
    auto p = x, dp = up;
    std::vector<double> wide_p = wide(x), wide_dp = wide(up);
    CHECK(kernel.softmax(n, p.data()) == doctest::Approx(reference::softmax(n, x.data(), wide_p.data())));
    check_close(n, p, wide_p);
    kernel.softmax_gradient(n, 0.3f, p.data(), dp.data());
    reference::softmax_gradient(n, 0.3f, wide_p.data(), wide_dp.data());
    check_close(n, dp, wide_dp);
  });
}

TEST_CASE("gradients of both norms agree with the twins, whichever of them are wanted") {
  for_each_isa([](const KernelTable& kernel, Index n) {
    const auto x = numbers(n, 1), gain = numbers(n, 2, 1), up = numbers(n, 3);
    for (const bool weights_only : {false, true}) {
      auto dx = numbers(n, 4), dgain = numbers(n, 5), dbias = numbers(n, 6);
      auto wide_dx = wide(dx), wide_dgain = wide(dgain), wide_dbias = wide(dbias);
      kernel.layer_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), weights_only ? nullptr : dx.data(),
                                 dgain.data(), dbias.data());
      reference::layer_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), weights_only ? nullptr : wide_dx.data(),
                                     wide_dgain.data(), wide_dbias.data());
      check_close(n, dx, wide_dx, 1e-5);
      check_close(n, dgain, wide_dgain, 1e-5);
      check_close(n, dbias, wide_dbias);
      kernel.rms_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), weights_only ? nullptr : dx.data(),
                               dgain.data());
      reference::rms_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), weights_only ? nullptr : wide_dx.data(),
                                   wide_dgain.data());
      check_close(n, dx, wide_dx, 1e-5);
      check_close(n, dgain, wide_dgain, 1e-5);
    }
    auto dx = numbers(n, 4);
    auto wide_dx = wide(dx);
    kernel.layer_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), dx.data(), nullptr, nullptr);
    kernel.rms_norm_gradient(n, x.data(), gain.data(), 0.1f, up.data(), dx.data(), nullptr);
    reference::layer_norm_gradient<float>(n, x.data(), gain.data(), 0.1f, up.data(), wide_dx.data(), nullptr, nullptr);
    reference::rms_norm_gradient<float>(n, x.data(), gain.data(), 0.1f, up.data(), wide_dx.data(), nullptr);
    check_close(n, dx, wide_dx, 1e-5);
  });
}

TEST_CASE("rms_norm of several rows agrees with the twin, also where all is zero") {
  for_each_isa([](const KernelTable& kernel, Index n) {
    const Index rows = 3, ldx = n + 1, ldy = n + 2;
    auto x = numbers(rows * ldx, 1, 100), y = numbers(rows * ldy, 2);
    const auto gain = numbers(n, 3, 1);
    std::fill_n(x.begin() + ldx, n, 0.0f);
    const auto before = y;
    kernel.rms_norm(rows, n, x.data(), ldx, gain.data(), 1e-6f, y.data(), ldy);
    for (Index row = 0; row < rows; ++row) {
      std::vector<double> expected(static_cast<std::size_t>(n));
      reference::rms_norm(n, x.data() + row * ldx, gain.data(), 1e-6f, expected.data());
      std::vector<float> actual(y.begin() + row * ldy, y.begin() + row * ldy + n);
      check_close(n, actual, expected, 1e-6);
      for (Index i = row * ldy + n; i < (row + 1) * ldy; ++i) {
        REQUIRE(y[static_cast<std::size_t>(i)] == before[static_cast<std::size_t>(i)]);
      }
    }
  });
}

TEST_CASE("rotations agree with the twin, also in place, and turn back") {
  for_each_isa([](const KernelTable& kernel, Index half) {
    const Index heads = 3, n = 2 * heads * half;
    auto cosines = numbers(half, 1), sines = cosines;
    for (Index i = 0; i < half; ++i) {
      const auto at = static_cast<std::size_t>(i);
      sines[at] = std::sin(cosines[at]);
      cosines[at] = std::cos(cosines[at]);
    }
    const auto x = numbers(n, 2);
    auto y = numbers(n, 3), in_place = x;
    std::vector<double> expected(x.size());
    kernel.rotate(heads, half, x.data(), cosines.data(), sines.data(), 1, y.data());
    reference::rotate(heads, half, x.data(), cosines.data(), sines.data(), 1, expected.data());
    check_close(n, y, expected, 3e-7);
    kernel.rotate(heads, half, in_place.data(), cosines.data(), sines.data(), 1, in_place.data());
    check_close(n, in_place, wide(y), 0);
    kernel.rotate(heads, half, y.data(), cosines.data(), sines.data(), -1, y.data());
    check_close(n, y, wide(x), 1e-6);
  });
}

TEST_CASE("products of rows have the bits of plain multiplication") {
  for_each_isa([](const KernelTable& kernel, Index n) {
    const auto a = numbers(n, 1), b = numbers(n, 2);
    auto y = numbers(n, 3);
    std::vector<double> expected(a.size());
    kernel.multiply(n, a.data(), b.data(), y.data());
    reference::multiply(n, a.data(), b.data(), expected.data());
    for (Index i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      REQUIRE(y[at] == static_cast<float>(expected[at]));
    }
    check_close(n, y, expected);
  });
}

TEST_CASE("packed rows stand where the twin puts them, from A and from its transpose, in any order of jobs") {
  for (const Isa isa : kAllIsas) {
    if (!is_supported(isa)) continue;
    const KernelTable kernel = kernels_for(isa);
    for (const Index m : {1, 5, 6, 7, 12, 29}) {
      for (const Index k : {1, 7, 8, 64, 1024, 1025, 2100}) {
        CAPTURE(m);
        CAPTURE(k);
        const Index lda = k + 3, ldt = m + 2;
        const auto a = numbers(m * lda, 1);
        std::vector<float> transposed(static_cast<std::size_t>(k * ldt)), expected(static_cast<std::size_t>(m * k));
        for (Index row = 0; row < m; ++row) {
          for (Index i = 0; i < k; ++i) {
            transposed[static_cast<std::size_t>(i * ldt + row)] = a[static_cast<std::size_t>(row * lda + i)];
          }
        }
        reference::pack_rows(m, k, a.data(), lda, expected.data());
        std::vector<float> rows(expected.size()), columns(expected.size());
        for (Index begin = round_up(m, kMR) - kMR; begin >= 0; begin -= kMR) {
          const Index end = std::min(m, begin + kMR);
          kernel.pack_rows(begin, end, m, k, a.data(), lda, rows.data());
          kernel.pack_columns(begin, end, m, k, transposed.data(), ldt, columns.data());
        }
        CHECK(rows == expected);
        CHECK(columns == expected);
      }
    }
  }
}
