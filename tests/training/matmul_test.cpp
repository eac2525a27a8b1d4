#include "sharpeye/training/matmul.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "sharpeye/core/random.hpp"

using namespace sharpeye;

namespace {

std::vector<float> numbers(Index n, std::uint64_t seed, double scale = 2) {
  Random random(seed);
  std::vector<float> x(static_cast<std::size_t>(n));
  for (float& value : x) value = static_cast<float>(scale * random.normal());
  return x;
}

}  // namespace

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
