#pragma once

/// @file
/// The EXIF orientation tag: which way up the camera was held.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "sharpeye/core/image.hpp"
#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The orientation, 1 to 8, of a TIFF block (EXIF 2.3, tag 0x0112 of the first directory); 1, upright, when there is
/// none or the block is malformed: a picture is worth showing even if what is said about it is not.
inline int exif_orientation(std::string_view tiff) noexcept {
  const bool big = tiff.substr(0, 2) == "MM";
  if (!big && tiff.substr(0, 2) != "II") return 1;
  // What lies outside the block reads as zero, which matches no tag.
  const auto number = [&](std::uint64_t at, std::uint64_t size) -> std::uint32_t {
    if (at + size > tiff.size()) return 0;
    const std::string_view bytes(tiff.data() + at, static_cast<std::size_t>(size));
    return big ? ByteReader::big_endian(bytes) : ByteReader::little_endian(bytes);
  };
  if (number(2, 2) != 42) return 1;
  const std::uint64_t directory = number(4, 4);
  const std::uint32_t entries = number(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + 12 * std::uint64_t{i};
    constexpr std::uint32_t kShort = 3;
    if (number(entry, 2) != 0x0112 || number(entry + 2, 2) != kShort || number(entry + 4, 4) != 1) continue;
    const std::uint32_t orientation = number(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

/// The upright picture of one stored with an EXIF orientation (the same as Pillow's ImageOps.exif_transpose):
/// 2 mirrored, 3 turned by 180 degrees, 4 flipped, 5 transposed, 6 turned, 7 transposed the other way, 8 turned back.
/// @throws Error kInvalidArgument unless 1 <= orientation <= 8.
inline Image apply_orientation(Image image, int orientation) {
  require(orientation >= 1 && orientation <= 8, ErrorCode::kInvalidArgument, "orientation: expected 1 to 8, actual ",
          orientation);
  if (orientation == 1) return image;
  const bool transposed = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const Index width = image.width(), height = image.height();
  Image upright(transposed ? height : width, transposed ? width : height);
  for (Index y = 0; y < upright.height(); ++y) {
    std::uint8_t* destination = upright.row(y);
    for (Index x = 0; x < upright.width(); ++x, destination += 3) {
      const Index u = transposed ? y : x, v = transposed ? x : y;
      std::memcpy(destination, image.row(from_bottom ? height - 1 - v : v) + 3 * (from_right ? width - 1 - u : u), 3);
    }
  }
  return upright;
}

SHARPEYE_NAMESPACE_END
