#pragma once

/// @file
/// Frames that come one after the other, and the bytes they come from.

#include <cstddef>
#include <functional>
#include <optional>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Reads up to `size` bytes, and waits for the first one. @return how many; 0 at the end @throws Error
using ByteSource = std::function<std::size_t(char* bytes, std::size_t size)>;

/// What frames without a header are. Rows stand one below the other; the stride is the same for all planes.
struct RawFrames {
  enum class Layout {
    kRgb24,  ///< red, green, blue of each pixel
    kNv12,   ///< a plane of luma, then one of blue and red differences of each 2 x 2 pixels; BT.601, studio range
  };
  Layout layout = Layout::kRgb24;
  Index width = 0, height = 0;
  Index stride = 0;  ///< bytes from one row to the next; 0: no padding
};

/// A stream of frames.
class FrameReader {
 public:
  virtual ~FrameReader() = default;

  /// The next frame; nothing at the end.
  /// @throws Error kFormat, kLimit, kUnsupported for a broken one, with its number (from 0 on). The next call goes on
  /// behind it where that can be found, else it returns nothing. What the source throws.
  virtual std::optional<Image> next() = 0;

  /// Frames a second, where the stream says it; else 0.
  virtual double frame_rate() const noexcept { return 0; }
};

SHARPEYE_NAMESPACE_END
