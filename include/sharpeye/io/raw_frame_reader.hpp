#pragma once

/// @file
/// For frame_reader.inl: frames without headers.

#include <algorithm>
#include <string>
#include <utility>

#include "sharpeye/io/frame_queue.hpp"
#include "sharpeye/io/yuv_frame.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

class RawReader final : public QueueReader {
 public:
  RawReader(ByteQueue queue, std::string name, const RawFrames& frames, const DecodeOptions& options)
      : QueueReader(std::move(queue), std::move(name), options), frames_(frames) {
    require(frames.width > 0 && frames.height > 0 && frames.width <= kMaxImageSide && frames.height <= kMaxImageSide,
            ErrorCode::kInvalidArgument, name_, ": expected sides of 1 to ", kMaxImageSide, " pixels, actual ",
            frames.width, " x ", frames.height);
    check_size(frames.width, frames.height);
    const bool is_rgb = frames.layout == RawFrames::Layout::kRgb24;
    const Index row = is_rgb ? 3 * frames.width : 2 * ((frames.width + 1) / 2);
    // A plane of luma alone may have an odd row, and the differences below it one byte more.
    if (frames_.stride == 0) frames_.stride = row;
    require(frames_.stride >= row && frames_.stride <= 16 * kMaxImageSide, ErrorCode::kInvalidArgument, name_,
            ": stride: expected ", row, " bytes or some more, actual ", frames_.stride);
    rows_ = is_rgb ? frames.height : frames.height + (frames.height + 1) / 2;
  }

  std::optional<Image> next() override {
    if (!queue_.need(1)) return std::nullopt;
    const auto size = static_cast<std::size_t>(frames_.stride * rows_);
    const Index width = frames_.width, height = frames_.height;
    Image image(width, height);  // before the frame is there: nothing waits for its memory then
    if (frames_.layout == RawFrames::Layout::kRgb24 && frames_.stride == 3 * width) {
      const std::size_t actual = queue_.take(reinterpret_cast<char*>(image.row(0)), size);
      if (actual < size) fail_inside(size, actual);
      ++number_;
      return image;
    }
    need_frame(0, size);
    const char* bytes = queue_.view().data();
    if (frames_.layout == RawFrames::Layout::kNv12) {
      const char* chroma = bytes + frames_.stride * height;
      convert_frame({bytes, chroma, chroma + 1, frames_.stride, frames_.stride, 2, 1, 1, false}, image);
    } else {
      for (Index y = 0; y < height; ++y) std::copy_n(bytes + y * frames_.stride, 3 * width, image.row(y));
    }
    queue_.drop(size);
    ++number_;
    return image;
  }

 private:
  RawFrames frames_;
  Index rows_ = 0;
};

}  // namespace detail

SHARPEYE_NAMESPACE_END
