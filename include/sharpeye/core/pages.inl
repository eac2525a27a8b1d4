#pragma once

/// @file
/// Bodies of pages.hpp.

#include "sharpeye/core/pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::size_t kCacheLine = 64, kSmallPage = 4096, kLargePage = std::size_t{1} << 21;

inline std::size_t whole_cache_lines(std::size_t bytes) {
  if (bytes > ~std::size_t{0} - kLargePage - kCacheLine) throw std::bad_alloc();
  return (bytes / kCacheLine + 1) * kCacheLine;
}

/// Memory that begins on a large page if it holds one; null where there is none.
inline void* map_pages(std::size_t bytes) noexcept {
  const std::size_t more = bytes < kLargePage ? 0 : kLargePage;
  void* mapped = ::mmap(nullptr, bytes + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (more == 0) return mapped;
  auto* begin = static_cast<char*>(mapped);
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(begin) % kLargePage) % kLargePage;
  const std::size_t end = (before + bytes + kSmallPage - 1) / kSmallPage * kSmallPage;
  if (before > 0) ::munmap(begin, before);
  if (end < bytes + more) ::munmap(begin + end, bytes + more - end);
#if defined(MADV_HUGEPAGE)
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);  // a wish
#endif
  return begin + before;
}

/// Address space that blocks are laid into; what nobody has touched costs no memory.
struct Stretch {
  static constexpr std::size_t kBytes = std::size_t{1} << 28;

  Pages memory;
  std::size_t used = 0;
};

}  // namespace detail

SHARPEYE_BODY void PagesDeleter::operator()(void* data) const noexcept {
  if (bytes >= kMapped) {
    ::munmap(data, bytes);
  } else {
    std::free(data);
  }
}

SHARPEYE_BODY Pages allocate_pages(std::size_t bytes) {
  bytes = detail::whole_cache_lines(bytes);
  void* data = bytes < PagesDeleter::kMapped ? std::aligned_alloc(detail::kCacheLine, bytes) : detail::map_pages(bytes);
  if (data == nullptr) throw std::bad_alloc();
  return Pages(data, PagesDeleter{bytes});
}

SHARPEYE_BODY std::shared_ptr<void> allocate_lasting_pages(std::size_t bytes) {
  static std::mutex mutex;
  static std::weak_ptr<detail::Stretch> newest;
  bytes = detail::whole_cache_lines(bytes);
  if (bytes > detail::Stretch::kBytes / 8) return allocate_pages(bytes);
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<detail::Stretch> stretch = newest.lock();
  if (stretch == nullptr || stretch->used + bytes > detail::Stretch::kBytes) {
    void* memory = detail::map_pages(detail::Stretch::kBytes);
    if (memory == nullptr) return allocate_pages(bytes);  // a limit of address space
    Pages pages(memory, PagesDeleter{detail::Stretch::kBytes});
    stretch = std::make_shared<detail::Stretch>();
    stretch->memory = std::move(pages);
    newest = stretch;
  }
  char* block = static_cast<char*>(stretch->memory.get()) + stretch->used;
  stretch->used += bytes;
  return std::shared_ptr<void>(block, [stretch, bytes](void* data) {
    // The pages that are this block's alone go back at once, the others and the address space with the last block.
    const auto begin = reinterpret_cast<std::uintptr_t>(data), end = begin + bytes;
    const auto first = (begin + detail::kSmallPage - 1) / detail::kSmallPage * detail::kSmallPage;
    const auto last = end / detail::kSmallPage * detail::kSmallPage;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  });
}

SHARPEYE_NAMESPACE_END
