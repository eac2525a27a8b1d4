#pragma once

/// @file
/// Bodies of pages.hpp.

#include "sharpeye/core/pages.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void PagesDeleter::operator()(void* data) const noexcept {
  if (bytes >= kMapped) {
    ::munmap(data, bytes);
  } else {
    std::free(data);
  }
}

SHARPEYE_BODY Pages allocate_pages(std::size_t bytes) {
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
