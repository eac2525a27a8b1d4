#pragma once

/// @file
/// Memory for large things: 64-byte aligned, not initialised, and back with the system the moment it is released.
///
/// It asks for large pages (2 MB). A core's TLB holds the places of 2,000 pages or so, which are 8 MB in small ones: a
/// token reads hundreds of megabytes, and every 4 KB of them then cost a walk through the page tables, twice as deep
/// in a virtual machine. (OPT-125M's F16 weights on a Zen 5 guest, two threads: 38 -> 52 GB/s.)

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

/// Memory for what lives as long as a model: blocks laid one behind the other, so that small ones share large pages.
/// For one thread at a time; the blocks may outlive it.
class LastingPages {
 public:
  /// As allocate_pages().
  std::shared_ptr<void> allocate(std::size_t bytes);

 private:
  struct Stretch {
    Pages memory;
    std::size_t used = 0;
  };
  std::shared_ptr<Stretch> newest_;
};

/// Memory for what passes through: a large block is handed out again once nobody holds it. (The system clears new pages
/// before it gives them: for a matrix that is read only to be packed, that costs as much as the packing.) For one
/// thread at a time; the blocks may outlive it.
class PassingPages {
 public:
  /// As allocate_pages().
  std::shared_ptr<void> allocate(std::size_t bytes);

 private:
  std::shared_ptr<void> newest_;
  std::size_t size_ = 0;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/pages.inl"
#endif
