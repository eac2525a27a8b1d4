#include "sharpeye/core/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sharpeye;

TEST_CASE("the generator is splitmix64") {
  Random random(1234567);  // the values of the published C program
  for (const std::uint64_t expected : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                       4593380528125082431u, 16408922859458223821u}) {
    CHECK(random.next() == expected);
  }
  Random resumed(random.state());
  CHECK(resumed.next() == random.next());
}

TEST_CASE("streams of a seed are unrelated, and those of neighbouring seeds too") {
  std::vector<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::uint64_t stream = 0; stream < 50; ++stream) firsts.push_back(Random(seed, stream).next());
  }
  std::sort(firsts.begin(), firsts.end());
  CHECK(std::adjacent_find(firsts.begin(), firsts.end()) == firsts.end());
  CHECK(Random(3, 4).next() == Random(3, 4).next());
}

TEST_CASE("draws have the moments of their distributions") {
  Random random(5);
  constexpr int kDraws = 200000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  std::vector<int> counts(7), weighted(4);
  for (int i = 0; i < kDraws; ++i) {
    const double uniform = random.uniform(), normal = random.normal();
    REQUIRE((uniform >= 0 && uniform < 1));
    sum += uniform;
    normal_sum += normal;
    normal_squares += normal * normal;
    ++counts[random.below(7)];
    ++weighted[random.weighted({0, 1, 0, 3})];
  }
  // Five standard errors of the mean of kDraws each.
  CHECK(sum / kDraws == doctest::Approx(0.5).epsilon(0.0065));
  CHECK(std::abs(normal_sum / kDraws) < 0.0112);
  CHECK(normal_squares / kDraws == doctest::Approx(1).epsilon(0.0158));
  for (const int count : counts) CHECK(std::abs(count - kDraws / 7.0) < 5 * 157);
  CHECK(weighted[0] == 0);
  CHECK(weighted[2] == 0);
  CHECK(std::abs(weighted[1] - kDraws / 4.0) < 5 * 194);
}

TEST_CASE("shuffling keeps the elements and reaches every order") {
  Random random(6);
  std::vector<int> seen(6);
  for (int i = 0; i < 600; ++i) {
    std::vector<int> order = {0, 1, 2};
    random.shuffle(order);
    std::vector<int> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    REQUIRE(sorted == std::vector<int>{0, 1, 2});
    ++seen[static_cast<std::size_t>(2 * order[0] + (order[1] > order[2]))];
  }
  for (const int count : seen) CHECK(std::abs(count - 100) < 50);
}
