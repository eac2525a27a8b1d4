#pragma once

/// @file
/// Pixels in memory: a view of a caller's 8-bit image in any of the usual channel orders, and an owned RGB image. Both
/// carry the EXIF orientation; upright() is the one place that turns pixels.

#include <cstdint>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Order of the 8-bit channels of one pixel in memory.
enum class PixelFormat { kRgb, kBgr, kRgba, kBgra, kGray };

/// Bytes of one pixel.
inline constexpr Index bytes_per_pixel(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::kGray: return 1;
    case PixelFormat::kRgb:
    case PixelFormat::kBgr: return 3;
    case PixelFormat::kRgba:
    case PixelFormat::kBgra: return 4;
  }
  return 0;
}

/// Longest side of an image, in pixels (JPEG and GIF cannot say more). It keeps every size computed from one side far
/// from overflow, and the work and the tables of a resize small even for a picture one pixel wide.
inline constexpr Index kMaxImageSide = Index{1} << 16;

/// A view of pixels: not owned, not copied, top row first. Alpha is dropped, not composited; grey is replicated.
struct ImageView {
  const std::uint8_t* data = nullptr;  ///< the first byte of the top left pixel
  Index width = 0;                     ///< pixels, as stored
  Index height = 0;                    ///< pixels, as stored
  Index stride = 0;                    ///< bytes from one row to the next
  PixelFormat format = PixelFormat::kRgb;
  int orientation = 1;  ///< EXIF, 1 to 8: how to turn what is stored, see upright(); 1 when it is upright

  const std::uint8_t* row(Index y) const noexcept { return data + y * stride; }
};

/// @throws Error kInvalidArgument when the view has no pixels, a side above kMaxImageSide, a stride shorter than a row,
/// or no orientation from 1 to 8.
void check(const ImageView& view);

/// An owned 8-bit RGB image [height, width, 3], rows without padding.
class Image {
 public:
  Image() = default;
  /// Black. @throws Error kInvalidArgument unless both sides are 1 to kMaxImageSide pixels and the orientation 1 to 8.
  Image(Index width, Index height, int orientation = 1);

  Index width() const noexcept { return width_; }    ///< as stored
  Index height() const noexcept { return height_; }  ///< as stored
  /// EXIF, 1 to 8: how to turn what is stored, see upright(). Decoders say it and leave the pixels as they are.
  int orientation() const noexcept { return orientation_; }
  std::uint8_t* row(Index y) noexcept { return pixels_.data() + 3 * width_ * y; }
  const std::uint8_t* row(Index y) const noexcept { return pixels_.data() + 3 * width_ * y; }
  /// All bytes, row after row.
  const std::vector<std::uint8_t>& pixels() const noexcept { return pixels_; }
  /// A view that lives as long as this image is neither moved nor destroyed.
  operator ImageView() const noexcept {
    return {pixels_.data(), width_, height_, 3 * width_, PixelFormat::kRgb, orientation_};
  }

 private:
  Index width_ = 0;
  Index height_ = 0;
  int orientation_ = 1;
  std::vector<std::uint8_t> pixels_;
};

/// Writes row `y` of a checked view, as stored, as RGB to `destination` [3 * width].
void copy_rgb_row(const ImageView& view, Index y, std::uint8_t* destination) noexcept;

/// A copy as RGB, not turned, with the same orientation. @throws Error kInvalidArgument as check().
Image to_rgb(const ImageView& view);

/// A copy as RGB, turned as its orientation says, so that the copy's is 1 (the same as Pillow's
/// ImageOps.exif_transpose): 2 mirrored, 3 turned by 180 degrees, 4 flipped, 5 transposed, 6 turned clockwise,
/// 7 transposed the other way, 8 turned counter-clockwise. @throws Error kInvalidArgument as check().
Image upright(const ImageView& view);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/image.inl"
#endif
