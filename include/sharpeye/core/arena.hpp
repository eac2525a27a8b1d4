#pragma once

/// @file
/// Working memory of one call: aligned buffers that return to their arena when the last handle goes.

#include <utility>
#include <vector>

#include "sharpeye/core/pages.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

class Arena;

/// A counted handle to bytes of an Arena, 64-byte aligned. Must not outlive its arena nor leave its thread.
class ArenaBuffer {
 public:
  ArenaBuffer() = default;
  ArenaBuffer(const ArenaBuffer& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  ArenaBuffer(ArenaBuffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  ArenaBuffer& operator=(ArenaBuffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~ArenaBuffer() { release(); }

  void* data() const noexcept { return block_ == nullptr ? nullptr : block_->data.get(); }
  /// Whether no other handle has these bytes.
  bool is_sole() const noexcept { return block_ != nullptr && block_->references == 1; }

 private:
  friend class Arena;
  struct Block {
    Arena* arena;
    Pages data;
    std::size_t capacity;
    int references;
  };
  explicit ArenaBuffer(Block* block) noexcept : block_(block) {}
  inline void release() noexcept;

  Block* block_ = nullptr;
};

/// Hands out buffers and keeps those that came back for the next request of about the same size, so that a decode step,
/// once warm, allocates nothing. Contents are not initialised. Not thread-safe: one arena per call.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { trim(); }

  /// At least `bytes` bytes. @throws std::bad_alloc
  ArenaBuffer acquire(std::size_t bytes) {
    auto best = free_.end();
    for (auto block = free_.begin(); block != free_.end(); ++block) {
      // A buffer much larger than asked for stays free for those who need it.
      if ((*block)->capacity < bytes || (*block)->capacity / 2 > bytes) continue;
      if (best == free_.end() || (*block)->capacity < (*best)->capacity) best = block;
    }
    ArenaBuffer::Block* block;
    if (best != free_.end()) {
      block = *best;
      *best = free_.back();
      free_.pop_back();
    } else {
      Pages data = allocate_pages(bytes);
      free_.reserve(blocks_ + 1);  // so that giving a block back can never throw
      block = new ArenaBuffer::Block{this, std::move(data), bytes, 0};
      ++blocks_;
      allocated_ += bytes;
    }
    block->references = 1;
    return ArenaBuffer(block);
  }

  /// Returns the memory of free buffers to the system, until at most `kept` bytes of them are left.
  void trim(std::size_t kept = 0) noexcept {
    std::size_t bytes = 0;
    for (const ArenaBuffer::Block* block : free_) bytes += block->capacity;
    while (!free_.empty() && (bytes > kept || kept == 0)) {
      ArenaBuffer::Block* block = free_.back();
      free_.pop_back();
      bytes -= block->capacity;
      allocated_ -= block->capacity;
      --blocks_;
      delete block;
    }
  }

  /// Bytes held now, in use or free.
  std::size_t allocated() const noexcept { return allocated_; }

 private:
  friend class ArenaBuffer;

  std::vector<ArenaBuffer::Block*> free_;
  std::size_t blocks_ = 0;
  std::size_t allocated_ = 0;
};

inline void ArenaBuffer::release() noexcept {
  if (block_ != nullptr && --block_->references == 0) block_->arena->free_.push_back(block_);
  block_ = nullptr;
}

SHARPEYE_NAMESPACE_END
