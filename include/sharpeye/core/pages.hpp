#pragma once

/// @file
/// Memory for large things: 64-byte aligned, not initialised, and back with the system the moment it is released.

#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Releases what allocate_pages() gave.
struct PagesDeleter {
  std::size_t bytes = 0;
  void operator()(void* data) const noexcept {
    if (bytes >= kMapped) {
      ::munmap(data, bytes);
    } else {
      std::free(data);
    }
  }
  /// From this size on memory is mapped. malloc would do so too, but raises its own limit to 32 MB as soon as such a
  /// block is released, and from then on keeps what loading and captioning give back.
  static constexpr std::size_t kMapped = std::size_t{1} << 18;
};

/// An owned block of memory; null when empty.
using Pages = std::unique_ptr<void, PagesDeleter>;

/// At least `bytes` bytes. @throws std::bad_alloc
inline Pages allocate_pages(std::size_t bytes) {
  constexpr std::size_t kAlignment = 64;
  if (bytes > ~std::size_t{0} - kAlignment) throw std::bad_alloc();
  bytes = (bytes / kAlignment + 1) * kAlignment;
  void* data = nullptr;
  if (bytes >= PagesDeleter::kMapped) {
    data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
  } else {
    data = std::aligned_alloc(kAlignment, bytes);
    if (data == nullptr) throw std::bad_alloc();
  }
  return Pages(data, PagesDeleter{bytes});
}

SHARPEYE_NAMESPACE_END
