#pragma once

/// @file
/// For frame_reader.inl: JPEG and PNG files, one after the other.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "sharpeye/io/frame_queue.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::string_view kJpegStart = "\xff\xd8\xff", kPngStart = "\x89PNG\r\n\x1a\n";

/// JPEG and PNG files, one after the other. What is between two of them tells where the first one ends.
class ImageFileReader final : public QueueReader {
 public:
  ImageFileReader(ByteQueue queue, std::string name, const ImageDecoder& decoder, const DecodeOptions& options)
      : QueueReader(std::move(queue), std::move(name), options), decoder_(decoder) {}

  std::optional<Image> next() override {
    if (!queue_.need(1)) return std::nullopt;
    const std::size_t skipped = skip_to_start();
    require(skipped == 0, ErrorCode::kFormat, where(), ": expected a JPEG or PNG, actual ", skipped,
            " bytes of something else, left out");
    const std::uint64_t number = number_++;
    const bool is_png = starts_with(kPngStart);
    const std::size_t size = is_png ? png_size() : jpeg_size();
    const std::string frame_name = concat(name_, ": frame ", number);
    if (size_is_whole_) {
      const std::string bytes(queue_.view().substr(0, size));
      queue_.drop(size);
      return decoder_.decode(bytes, frame_name, options_);
    }
    // Its own lengths may have reached into the next file, which is therefore looked for from the front on.
    queue_.drop(resume_at_);
    const std::size_t left_out = resume_at_ + skip_to_start();
    fail(size > kMaxImageFileBytes ? ErrorCode::kLimit : ErrorCode::kFormat, frame_name, ": expected a whole ",
         is_png ? "PNG" : "JPEG", ", actual one that breaks off after ", size, " bytes; left out ", left_out);
  }

 private:
  bool starts_with(std::string_view start) {
    return queue_.need(start.size()) && queue_.view().substr(0, start.size()) == start;
  }

  // Drops what stands before the next file. @return how many bytes
  std::size_t skip_to_start() {
    std::size_t skipped = 0;
    while (queue_.need(1) && !starts_with(kJpegStart) && !starts_with(kPngStart)) {
      const std::size_t place = queue_.view().find_first_of("\xff\x89", 1);
      const std::size_t gap = std::min(place, queue_.view().size());
      skipped += gap;
      queue_.drop(gap);
    }
    return skipped;
  }

  // Both: the bytes of the file at the queue's front, or, if it breaks off, those until there.
  std::size_t broken_at(std::size_t size, std::size_t resume_at) {
    size_is_whole_ = false;
    resume_at_ = resume_at <= queue_.view().size() ? resume_at : 2;  // a broken length can point anywhere
    return size;
  }

  std::size_t png_size() {
    size_is_whole_ = true;
    for (std::size_t at = kPngStart.size();;) {
      if (!queue_.need(at + 12)) return broken_at(queue_.view().size(), kPngStart.size());
      const std::uint64_t length =
          queue_.at(at) << 24 | queue_.at(at + 1) << 16 | queue_.at(at + 2) << 8 | queue_.at(at + 3);
      const std::string_view type = queue_.view().substr(at + 4, 4);
      const bool is_type = std::all_of(type.begin(), type.end(),
                                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
      if (!is_type || length > kMaxImageFileBytes || at + length > kMaxImageFileBytes)
        return broken_at(at, kPngStart.size());
      const bool is_last = type == "IEND";
      at += 12 + static_cast<std::size_t>(length);
      if (!queue_.need(at)) return broken_at(queue_.view().size(), kPngStart.size());
      if (is_last) return at;
    }
  }

  std::size_t jpeg_size() {
    size_is_whole_ = true;
    std::size_t scan = 0;  // where coded pixels have begun
    for (std::size_t at = 2;;) {
      if (!queue_.need(at + 2)) return broken_at(queue_.view().size(), scan > 0 ? at : 2);
      if (queue_.at(at) != 0xff || at > kMaxImageFileBytes) return broken_at(at, scan > 0 ? at : 2);
      const unsigned marker = queue_.at(at + 1);
      if (marker == 0xff) {  // filling
        ++at;
        continue;
      }
      if (marker == 0xd9) return at + 2;
      if (marker == 0xd8) return broken_at(at, scan > 0 ? at : 2);  // the next file's beginning
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        at += 2;
        continue;
      }
      if (!queue_.need(at + 4)) return broken_at(queue_.view().size(), scan > 0 ? at : 2);
      const std::size_t length = queue_.at(at + 2) << 8 | queue_.at(at + 3);
      if (length < 2) return broken_at(at, scan > 0 ? at : 2);
      at += 2 + length;
      if (marker != 0xda) continue;
      scan = at;
      // The coded pixels: 0xff stands for itself with a 0 behind it, and begins a restart.
      for (;;) {
        if (!queue_.need(at + 2)) return broken_at(queue_.view().size(), at);
        const std::size_t place = queue_.view().find('\xff', at);
        if (place == std::string_view::npos || place + 1 >= queue_.view().size()) {
          at = place == std::string_view::npos ? queue_.view().size() : place;
          if (at > kMaxImageFileBytes) return broken_at(at, at);
          continue;
        }
        const unsigned next = queue_.at(place + 1);
        at = place;
        if (next != 0 && (next < 0xd0 || next > 0xd7)) break;
        at = place + 2;
      }
    }
  }

  const ImageDecoder& decoder_;
  bool size_is_whole_ = true;
  std::size_t resume_at_ = 0;
};

}  // namespace detail

SHARPEYE_NAMESPACE_END
