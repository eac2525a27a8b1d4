#pragma once

/// @file
/// Bodies of image_structure.hpp.

#include "sharpeye/io/image_structure.hpp"

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void declare_size(ImageStructure& structure, std::uint64_t width, std::uint64_t height,
                                std::string_view name, std::uint64_t max_pixels) {
  constexpr auto kSide = static_cast<std::uint64_t>(kMaxImageSide);
  require(width >= 1 && height >= 1, ErrorCode::kFormat, name, ": expected at least one pixel, actual ", width, " x ",
          height);
  require(width <= kSide && height <= kSide && width * height <= max_pixels, ErrorCode::kLimit, name,
          ": expected at most ", max_pixels, " pixels and sides of at most ", kSide, ", actual ", width, " x ", height);
  structure.width = static_cast<Index>(width);
  structure.height = static_cast<Index>(height);
}

SHARPEYE_NAMESPACE_END
