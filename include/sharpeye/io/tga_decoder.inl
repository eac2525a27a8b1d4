#pragma once

/// @file
/// Bodies of tga_decoder.hpp.

#include "sharpeye/io/tga_decoder.hpp"

#include <cstdint>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/raster_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A colour of 2 bytes (5-5-5), 3 or 4 as RGB.
inline void tga_color(const char* bytes, unsigned size, std::uint8_t* rgb) noexcept {
  const auto byte = [bytes](int i) -> unsigned { return static_cast<std::uint8_t>(bytes[i]); };
  if (size == 2) {
    const unsigned pixel = byte(0) | byte(1) << 8;
    for (unsigned c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>((pixel >> (10 - 5 * c) & 31u) * 255 / 31);
  } else {
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(byte(2 - c));
  }
}

inline void tga_pixel(const TgaStructure& structure, const char* sample, std::uint8_t* rgb) noexcept {
  const auto level = static_cast<std::uint8_t>(sample[0]);
  if (structure.gray) {
    for (int c = 0; c < 3; ++c) rgb[c] = level;
  } else if (!structure.indices) {
    tga_color(sample, structure.bytes, rgb);
  } else if (level >= structure.palette_start) {
    const std::size_t at = std::size_t{level - structure.palette_start} * structure.palette_bytes;
    if (at < structure.palette.size()) tga_color(structure.palette.data() + at, structure.palette_bytes, rgb);
  }
}

}  // namespace detail

SHARPEYE_BODY Image TgaDecoder::decode(std::string_view bytes, std::string_view name,
                                       const DecodeOptions& options) const {
  require(image_format(bytes, name) == ImageFormat::kTga, ErrorCode::kUnsupported, name, ": expected a TGA");
  const TgaStructure structure = read_tga_structure(bytes, name, options.max_pixels);
  Image image(structure.width, structure.height, structure.orientation);
  ByteReader reader(structure.samples, name);
  unsigned left = 0;  // pixels that the packet still has
  bool repeats = false;
  std::string_view sample;
  for (Index y = 0; y < image.height(); ++y) {
    std::uint8_t* row = image.row(structure.top_first ? y : image.height() - 1 - y);
    for (Index x = 0; x < image.width(); ++x) {
      bool fresh = true;
      if (structure.runs) {
        if (left == 0) {
          const unsigned packet = reader.u8();
          left = (packet & 127u) + 1;
          repeats = packet >> 7 != 0;
        } else {
          fresh = !repeats;
        }
        --left;
      }
      if (fresh) sample = reader.take(structure.bytes);
      detail::tga_pixel(structure, sample.data(), row + 3 * (structure.from_right ? image.width() - 1 - x : x));
    }
  }
  return image;
}

SHARPEYE_NAMESPACE_END
