#pragma once

/// @file
/// Memory for large things: 64-byte aligned, not initialised, and back with the system the moment it is released.

#include <cstddef>
#include <memory>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Releases what allocate_pages() gave.
struct PagesDeleter {
  std::size_t bytes = 0;
  void operator()(void* data) const noexcept;
  /// From this size on memory is mapped. malloc would do so too, but raises its own limit to 32 MB as soon as such a
  /// block is released, and from then on keeps what loading and captioning give back.
  static constexpr std::size_t kMapped = std::size_t{1} << 18;
};

/// An owned block of memory; null when empty.
using Pages = std::unique_ptr<void, PagesDeleter>;

/// At least `bytes` bytes. @throws std::bad_alloc
Pages allocate_pages(std::size_t bytes);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/pages.inl"
#endif
