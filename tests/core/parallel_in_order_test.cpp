#include "sharpeye/core/parallel_in_order.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

using sharpeye::parallel_in_order;

TEST_CASE("every piece is worked on once and delivered in order, for any number of workers") {
  for (const std::size_t workers : {1u, 2u, 3u, 8u}) {
    for (const std::size_t count : {0u, 1u, 2u, 50u}) {
      std::vector<std::atomic<int>> worked(count);
      std::vector<std::size_t> delivered;
      std::atomic<std::size_t> begun{0}, handed{0};
      std::atomic<bool> far_ahead{false};
      parallel_in_order(
          count, workers,
          [&](std::size_t worker, std::size_t i) {
            if (worker >= workers || ++begun > handed + 5 * workers) far_ahead = true;
            if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            ++worked[i];
          },
          [&](std::size_t i) {
            CHECK(worked[i] == 1);
            delivered.push_back(i);
            ++handed;
          });
      REQUIRE(delivered.size() == count);
      for (std::size_t i = 0; i < count; ++i) CHECK(delivered[i] == i);
      CHECK_FALSE(far_ahead);
    }
  }
}

TEST_CASE("an exception of the delivery ends the workers and reaches the caller") {
  for (const std::size_t workers : {1u, 2u, 5u}) {
    std::atomic<std::size_t> begun{0};
    const auto deliver = [](std::size_t i) {
      if (i == 3) throw std::runtime_error("full");
    };
    CHECK_THROWS_WITH(parallel_in_order(
                          1000, workers, [&](std::size_t, std::size_t) { ++begun; }, deliver),
                      "full");
    CHECK(begun <= 4 + 5 * workers);
  }
}
