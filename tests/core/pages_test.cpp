#include "sharpeye/core/pages.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "support/resident_memory.hpp"

using namespace sharpeye;

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

bool is_filled(const void* data, std::size_t bytes, char value) {
  const auto* begin = static_cast<const char*>(data);
  return begin[0] == value && std::memcmp(begin, begin + 1, bytes - 1) == 0;
}

}  // namespace

TEST_CASE("pages begin on a cache line, those that hold a large page on one") {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}, 3 * kMegabyte + 5}) {
    const Pages pages = allocate_pages(bytes);
    const auto address = reinterpret_cast<std::uintptr_t>(pages.get());
    CHECK(address % (bytes >= 2 * kMegabyte ? 2 * kMegabyte : 64) == 0);
    std::memset(pages.get(), 1, bytes);
  }
  CHECK_THROWS_AS(allocate_pages(~std::size_t{0}), std::bad_alloc);
  CHECK_THROWS_AS(LastingPages().allocate(~std::size_t{0} - 100), std::bad_alloc);
  CHECK_THROWS_AS(LastingPages().allocate(std::size_t{1} << 62), std::bad_alloc);
}

TEST_CASE("lasting pages: each block its own, across stretches, whoever is released before") {
  const auto size = [](std::size_t i) { return i % 7 == 0 ? 9 * kMegabyte : 100 + i * 40'001; };
  std::vector<std::shared_ptr<void>> blocks;
  {
    LastingPages pages;
    for (std::size_t i = 0; i < 100; ++i) {
      blocks.push_back(pages.allocate(size(i)));
      CHECK(reinterpret_cast<std::uintptr_t>(blocks[i].get()) % 64 == 0);
      std::memset(blocks[i].get(), static_cast<int>(i + 1), size(i));
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    CHECK(is_filled(blocks[i].get(), size(i), static_cast<char>(i + 1)));
    if (i % 2 == 0) blocks[i] = nullptr;  // what is left stays as it is
  }
  for (std::size_t i = 1; i < blocks.size(); i += 2)
    CHECK(is_filled(blocks[i].get(), size(i), static_cast<char>(i + 1)));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("lasting pages go back to the system when they are released, though others stay") {
  LastingPages pages;
  const auto one = pages.allocate(1000);
  const long before = support::resident_kib();
  if (before == 0) return;
  {
    std::vector<std::shared_ptr<void>> blocks;
    for (int i = 0; i < 40; ++i) {
      blocks.push_back(pages.allocate(kMegabyte));
      std::memset(blocks.back().get(), 1, kMegabyte);
    }
    CHECK(support::resident_kib() > before + 39 * 1024);
  }
  CHECK(support::resident_kib() < before + 4 * 1024);
}
#endif
