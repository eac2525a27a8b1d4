#pragma once

/// @file
/// Bodies of pages.hpp.

#include "sharpeye/core/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::size_t kCacheLine = 64, kLargePage = std::size_t{1} << 21;

inline std::size_t whole_cache_lines(std::size_t bytes) {
  if (bytes > ~std::size_t{0} - kLargePage - kCacheLine) throw std::bad_alloc();
  return (bytes / kCacheLine + 1) * kCacheLine;
}

/// The system rounds what it is told to whole ones of these: 4 KB, or as much as 64 KB on ARM.
inline std::size_t small_page() noexcept {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Memory that begins on a large page if it holds one; null where there is none.
inline void* map_pages(std::size_t bytes) noexcept {
  const std::size_t more = bytes < kLargePage ? 0 : kLargePage;
  void* mapped = ::mmap(nullptr, bytes + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  if (more == 0) return mapped;
  auto* begin = static_cast<char*>(mapped);
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(begin) % kLargePage) % kLargePage;
  const std::size_t end = (before + bytes + small_page() - 1) / small_page() * small_page();
  if (before > 0) ::munmap(begin, before);
  if (end < bytes + more) ::munmap(begin + end, bytes + more - end);
#if defined(MADV_HUGEPAGE)
  ::madvise(begin + before, bytes, MADV_HUGEPAGE);  // a wish
#endif
  return begin + before;
}

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

SHARPEYE_BODY std::shared_ptr<void> LastingPages::allocate(std::size_t bytes) {
  constexpr std::size_t kStretch = std::size_t{1} << 28;  // of address space; what nobody has touched costs no memory
  bytes = detail::whole_cache_lines(bytes);
  if (bytes > kStretch / 8) return allocate_pages(bytes);
  if (newest_ == nullptr || newest_->used + bytes > kStretch) {
    void* memory = detail::map_pages(kStretch);
    if (memory == nullptr) return allocate_pages(bytes);  // a limit of address space
    Pages pages(memory, PagesDeleter{kStretch});
    newest_ = std::make_shared<Stretch>();
    newest_->memory = std::move(pages);
  }
  const std::shared_ptr<Stretch> stretch = newest_;
  char* block = static_cast<char*>(stretch->memory.get()) + stretch->used;
  stretch->used += bytes;
  return std::shared_ptr<void>(block, [stretch, bytes](void* data) {
    // The pages that are this block's alone go back at once, the others and the address space with the last block.
    const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(data), page = detail::small_page();
    const std::uintptr_t first = (begin + page - 1) / page * page, last = (begin + bytes) / page * page;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  });
}

SHARPEYE_BODY std::shared_ptr<void> PassingPages::allocate(std::size_t bytes) {
  if (bytes < PagesDeleter::kMapped) return allocate_pages(bytes);
  // One of more than twice the size would be a waste where the block is kept after all.
  if (newest_.use_count() == 1 && size_ >= bytes && size_ / 2 <= bytes) return newest_;
  newest_.reset();
  newest_ = allocate_pages(bytes);
  size_ = bytes;
  return newest_;
}

SHARPEYE_NAMESPACE_END
