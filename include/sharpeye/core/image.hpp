#pragma once

/// @file
/// Pixels in memory: a view of somebody's 8-bit image in any of the usual channel orders, and an owned RGB image.

#include <cstdint>
#include <cstring>
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

/// Somebody else's pixels: not owned, not copied, top row first. Alpha is dropped, not composited; grey is replicated.
struct ImageView {
  const std::uint8_t* data = nullptr;  ///< the first byte of the top left pixel
  Index width = 0;                     ///< pixels
  Index height = 0;                    ///< pixels
  Index stride = 0;                    ///< bytes from one row to the next
  PixelFormat format = PixelFormat::kRgb;

  const std::uint8_t* row(Index y) const noexcept { return data + y * stride; }
};

/// @throws Error kInvalidArgument when the view has no pixels, a side above kMaxImageSide, or a stride shorter than a
/// row.
inline void check(const ImageView& view) {
  require(view.data != nullptr, ErrorCode::kInvalidArgument, "image: expected pixels, actual a null pointer");
  require(bytes_per_pixel(view.format) != 0, ErrorCode::kInvalidArgument, "image: expected a PixelFormat, actual ",
          static_cast<int>(view.format));
  require(view.width >= 1 && view.width <= kMaxImageSide && view.height >= 1 && view.height <= kMaxImageSide,
          ErrorCode::kInvalidArgument, "image: expected sides of 1 to ", kMaxImageSide, " pixels, actual ", view.width,
          " x ", view.height);
  require(view.stride >= view.width * bytes_per_pixel(view.format), ErrorCode::kInvalidArgument,
          "image: expected a stride of at least ", view.width * bytes_per_pixel(view.format), " bytes, actual ",
          view.stride);
}

/// An owned 8-bit RGB image [height, width, 3], rows without padding.
class Image {
 public:
  Image() = default;
  /// Black. @throws Error kInvalidArgument unless both sides are 1 to kMaxImageSide pixels.
  Image(Index width, Index height) : width_(width), height_(height) {
    require(width >= 1 && width <= kMaxImageSide && height >= 1 && height <= kMaxImageSide, ErrorCode::kInvalidArgument,
            "image: expected sides of 1 to ", kMaxImageSide, " pixels, actual ", width, " x ", height);
    pixels_.resize(static_cast<std::size_t>(3 * width * height));
  }

  Index width() const noexcept { return width_; }
  Index height() const noexcept { return height_; }
  std::uint8_t* row(Index y) noexcept { return pixels_.data() + 3 * width_ * y; }
  const std::uint8_t* row(Index y) const noexcept { return pixels_.data() + 3 * width_ * y; }
  /// All bytes, row after row.
  const std::vector<std::uint8_t>& pixels() const noexcept { return pixels_; }
  /// A view that lives as long as this image is neither moved nor destroyed.
  operator ImageView() const noexcept { return {pixels_.data(), width_, height_, 3 * width_, PixelFormat::kRgb}; }

 private:
  Index width_ = 0;
  Index height_ = 0;
  std::vector<std::uint8_t> pixels_;
};

/// Writes row `y` of a checked view as RGB to `destination` [3 * width].
inline void copy_rgb_row(const ImageView& view, Index y, std::uint8_t* destination) noexcept {
  const std::uint8_t* source = view.row(y);
  if (view.format == PixelFormat::kRgb) {
    std::memcpy(destination, source, static_cast<std::size_t>(3 * view.width));
    return;
  }
  const Index step = bytes_per_pixel(view.format);
  const bool blue_first = view.format == PixelFormat::kBgr || view.format == PixelFormat::kBgra;
  const bool gray = view.format == PixelFormat::kGray;
  const Index red = blue_first ? 2 : 0, green = gray ? 0 : 1, blue = blue_first || gray ? 0 : 2;
  for (Index x = 0; x < view.width; ++x, source += step, destination += 3) {
    destination[0] = source[red];
    destination[1] = source[green];
    destination[2] = source[blue];
  }
}

/// A copy as RGB. @throws Error kInvalidArgument as check().
inline Image to_rgb(const ImageView& view) {
  check(view);
  Image image(view.width, view.height);
  for (Index y = 0; y < view.height; ++y) copy_rgb_row(view, y, image.row(y));
  return image;
}

SHARPEYE_NAMESPACE_END
