#pragma once

/// @file
/// Frames from a stream of bytes, as a pipe from ffmpeg has them.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sharpeye/io/image_decoder.hpp"

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

/// A reader of raw frames. @param name begins messages. @throws Error kInvalidArgument for sizes that cannot be
std::unique_ptr<FrameReader> read_raw_frames(ByteSource source, std::string name, const RawFrames& frames,
                                             const DecodeOptions& options = {});

/// A reader of what the first bytes say: YUV4MPEG2 (8 bits: 4:2:0, 4:2:2, 4:4:4, mono; BT.601), or JPEG and PNG files
/// one after the other, which may differ in size (MJPEG, ffmpeg's image2pipe). A frame cut short by the next one, and
/// bytes between frames, are errors, after which it goes on with the next beginning of a frame.
/// @param decoder of JPEG and PNG; must outlive the reader. @param name begins messages
/// @throws Error kFormat for other bytes, kUnsupported for other kinds of Y4M, and what the source throws
std::unique_ptr<FrameReader> read_frames(ByteSource source, std::string name, const ImageDecoder& decoder,
                                         const DecodeOptions& options = {});

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/frame_reader.inl"
#endif
