#pragma once

/// @file
/// For frame_reader.inl: bytes that have been read, and what readers of them share.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/io/frame_stream.hpp"
#include "sharpeye/io/image_decoder.hpp"
#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Bytes of a source that have been read and not yet used.
class ByteQueue {
 public:
  explicit ByteQueue(ByteSource source) : source_(std::move(source)) {}

  /// Reads until `size` bytes are there. @return whether they are; at the end of the source they are not
  bool need(std::size_t size) {
    if (end_ - begin_ < size && begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    while (end_ - begin_ < size) {
      if (bytes_.size() < std::max(size, end_ + kBlock)) bytes_.resize(std::max(size, end_ + kBlock) + end_ / 2);
      const std::size_t got = source_(bytes_.data() + end_, bytes_.size() - end_);
      if (got == 0) return false;
      end_ += got;
    }
    return true;
  }
  /// Moves the next `size` bytes to `target`, those of the source without a stop here. @return how many; fewer at the
  /// end of the source
  std::size_t take(char* target, std::size_t size) {
    const std::size_t there = std::min(size, end_ - begin_);
    std::copy_n(bytes_.data() + begin_, there, target);
    begin_ += there;
    std::size_t taken = there;
    while (taken < size) {
      const std::size_t got = source_(target + taken, size - taken);
      if (got == 0) break;
      taken += got;
    }
    return taken;
  }
  std::string_view view() const { return std::string_view(bytes_.data() + begin_, end_ - begin_); }
  unsigned at(std::size_t i) const { return static_cast<unsigned char>(bytes_[begin_ + i]); }
  void drop(std::size_t size) { begin_ += size; }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 16;

  ByteSource source_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;  // what is there and not used
};

/// What readers of a byte queue share.
class QueueReader : public FrameReader {
 protected:
  QueueReader(ByteQueue queue, std::string name, const DecodeOptions& options)
      : queue_(std::move(queue)), name_(std::move(name)), options_(options) {}

  std::string where() const { return concat(name_, ": frame ", number_); }

  void check_size(Index width, Index height) const {
    ImageStructure structure;
    declare_size(structure, static_cast<std::uint64_t>(std::max<Index>(0, width)),
                 static_cast<std::uint64_t>(std::max<Index>(0, height)), name_, options_.max_pixels);
  }

  /// Waits for a frame of `size` bytes behind `header` ones. @throws Error where the stream ends in it, which is its
  /// end
  void need_frame(std::size_t header, std::size_t size) {
    if (queue_.need(header + size)) return;
    const std::size_t actual = queue_.view().size() - header;
    queue_.drop(queue_.view().size());
    fail_inside(size, actual);
  }

  [[noreturn]] void fail_inside(std::size_t size, std::size_t actual) const {
    fail(ErrorCode::kFormat, where(), ": expected ", size, " bytes, actual ", actual,
         ": the stream ended inside a frame");
  }

  // NOLINTBEGIN(readability-identifier-naming): they are the readers' own
  ByteQueue queue_;
  std::string name_;
  DecodeOptions options_;
  std::uint64_t number_ = 0;
  // NOLINTEND(readability-identifier-naming)
};

}  // namespace detail

SHARPEYE_NAMESPACE_END
