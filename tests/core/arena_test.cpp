#include "sharpeye/core/arena.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace sharpeye;

TEST_CASE("an arena keeps what came back, up to what trim() is told") {
  Arena arena;
  const std::size_t sizes[] = {0, 100, 1000, 1 << 20, 1 << 20};
  const auto fill = [&] {
    std::vector<ArenaBuffer> buffers;
    for (const std::size_t size : sizes) buffers.push_back(arena.acquire(size));
    const std::size_t held = arena.allocated();
    arena.trim();
    CHECK(arena.allocated() == held);  // nothing that is in use
    return held;
  };
  const std::size_t all = fill();
  CHECK(all == 1100 + (std::size_t{2} << 20));
  CHECK(arena.allocated() == all);
  arena.trim(all);
  CHECK(arena.allocated() == all);
  CHECK(fill() == all);  // the same buffers again
  arena.trim(all - 1);
  CHECK(arena.allocated() < all);
  CHECK(arena.allocated() >= all - (std::size_t{1} << 20) - 1100);
  arena.trim();
  CHECK(arena.allocated() == 0);
}
