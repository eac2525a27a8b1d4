#pragma once

/// @file
/// Bodies of image.hpp.

#include "sharpeye/core/image.hpp"

#include <cstring>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline void check_image_sides(Index width, Index height, int orientation) {
  require(width >= 1 && width <= kMaxImageSide && height >= 1 && height <= kMaxImageSide, ErrorCode::kInvalidArgument,
          "image: expected sides of 1 to ", kMaxImageSide, " pixels, actual ", width, " x ", height);
  require(orientation >= 1 && orientation <= 8, ErrorCode::kInvalidArgument,
          "image: expected an orientation of 1 to 8, actual ", orientation);
}

/// Where the red, green and blue byte of a pixel stand.
struct ChannelOrder {
  explicit ChannelOrder(PixelFormat format) noexcept : step(bytes_per_pixel(format)) {
    const bool blue_first = format == PixelFormat::kBgr || format == PixelFormat::kBgra;
    const bool gray = format == PixelFormat::kGray;
    red = blue_first ? 2 : 0;
    green = gray ? 0 : 1;
    blue = blue_first || gray ? 0 : 2;
  }
  Index step, red, green, blue;
};

}  // namespace detail

SHARPEYE_BODY void check(const ImageView& view) {
  require(view.data != nullptr, ErrorCode::kInvalidArgument, "image: expected pixels, actual a null pointer");
  require(bytes_per_pixel(view.format) != 0, ErrorCode::kInvalidArgument, "image: expected a PixelFormat, actual ",
          static_cast<int>(view.format));
  detail::check_image_sides(view.width, view.height, view.orientation);
  require(view.stride >= view.width * bytes_per_pixel(view.format), ErrorCode::kInvalidArgument,
          "image: expected a stride of at least ", view.width * bytes_per_pixel(view.format), " bytes, actual ",
          view.stride);
}

SHARPEYE_BODY Image::Image(Index width, Index height, int orientation)
    : width_(width), height_(height), orientation_(orientation) {
  detail::check_image_sides(width, height, orientation);
  pixels_.resize(static_cast<std::size_t>(3 * width * height));
}

SHARPEYE_BODY void copy_rgb_row(const ImageView& view, Index y, std::uint8_t* destination) noexcept {
  const std::uint8_t* source = view.row(y);
  if (view.format == PixelFormat::kRgb) {
    std::memcpy(destination, source, static_cast<std::size_t>(3 * view.width));
    return;
  }
  const detail::ChannelOrder order(view.format);
  for (Index x = 0; x < view.width; ++x, source += order.step, destination += 3) {
    destination[0] = source[order.red];
    destination[1] = source[order.green];
    destination[2] = source[order.blue];
  }
}

SHARPEYE_BODY Image to_rgb(const ImageView& view) {
  check(view);
  Image image(view.width, view.height, view.orientation);
  for (Index y = 0; y < view.height; ++y) copy_rgb_row(view, y, image.row(y));
  return image;
}

SHARPEYE_BODY Image upright(const ImageView& view) {
  check(view);
  const int orientation = view.orientation;
  const bool transposed = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const detail::ChannelOrder order(view.format);
  Image result(transposed ? view.height : view.width, transposed ? view.width : view.height);
  // A step to the right and a step down in the result, in bytes of the source.
  const Index across = from_right ? -order.step : order.step, down = from_bottom ? -view.stride : view.stride;
  const Index right = transposed ? down : across, below = transposed ? across : down;
  const std::uint8_t* corner =
      view.row(from_bottom ? view.height - 1 : 0) + (from_right ? (view.width - 1) * order.step : 0);
  // In squares: a transposed row reads one pixel of each source row, and the next rows read their neighbours.
  constexpr Index kSquare = 32;
  for (Index top = 0; top < result.height(); top += kSquare) {
    const Index bottom = top + kSquare < result.height() ? top + kSquare : result.height();
    for (Index left = 0; left < result.width(); left += kSquare) {
      const Index end = left + kSquare < result.width() ? left + kSquare : result.width();
      for (Index y = top; y < bottom; ++y) {
        std::uint8_t* destination = result.row(y) + 3 * left;
        for (Index x = left; x < end; ++x, destination += 3) {
          const std::uint8_t* source = corner + x * right + y * below;
          destination[0] = source[order.red];
          destination[1] = source[order.green];
          destination[2] = source[order.blue];
        }
      }
    }
  }
  return result;
}

SHARPEYE_NAMESPACE_END
