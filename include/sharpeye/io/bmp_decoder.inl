#pragma once

/// @file
/// Bodies of bmp_decoder.hpp.

#include "sharpeye/io/bmp_decoder.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/raster_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The indices of an RLE8 or RLE4 file, row after row. The rules are Pillow's, also for runs that leave their row.
inline std::vector<std::uint8_t> expand_bmp_runs(const BmpStructure& structure, std::string_view name) {
  const bool nibbles = structure.coding == BmpStructure::Coding::kRle4;
  const auto width = static_cast<std::size_t>(structure.width);
  const std::size_t total = width * static_cast<std::size_t>(structure.height);
  std::vector<std::uint8_t> indices(total);
  ByteReader reader(structure.pixels, name);
  std::size_t done = 0, x = 0;
  while (done < total) {
    const unsigned count = reader.u8(), value = reader.u8();
    if (count > 0) {  // a run, cut off at the end of its row
      const std::size_t run = std::min({std::size_t{count}, x < width ? width - x : 0, total - done});
      for (std::size_t i = 0; i < run; ++i) {
        indices[done++] = static_cast<std::uint8_t>(!nibbles ? value : i % 2 == 0 ? value >> 4 : value & 15u);
      }
      x += run;
    } else if (value == 0) {  // the end of a row
      if (done % width != 0) done += width - done % width;
      x = 0;
    } else if (value == 1) {  // the end of the picture
      break;
    } else if (value == 2) {  // to the right and up
      const unsigned right = reader.u8(), up = reader.u8();
      done += std::min(total - done, right + up * width);
      x = done % width;
    } else {  // single pixels, to a whole word of the file
      const std::size_t pixels = std::min(std::size_t{value}, total - done);
      const std::string_view bytes = reader.take(nibbles ? (pixels + 1) / 2 : pixels);
      for (std::size_t i = 0; i < pixels; ++i) {
        const unsigned byte = static_cast<std::uint8_t>(bytes[nibbles ? i / 2 : i]);
        indices[done++] = static_cast<std::uint8_t>(!nibbles ? byte : i % 2 == 0 ? byte >> 4 : byte & 15u);
      }
      x += value;
      if (done < total && (structure.pixels_at + reader.offset()) % 2 != 0) reader.take(1);
    }
  }
  return indices;
}

/// One channel of pixels with bit fields.
struct BmpField {
  explicit BmpField(std::uint32_t mask) noexcept {
    while ((mask >> shift & 1u) == 0) ++shift;
    maximum = mask >> shift;
  }
  std::uint8_t operator()(std::uint32_t pixel) const noexcept {
    return static_cast<std::uint8_t>(std::uint64_t{pixel >> shift & maximum} * 255 / maximum);
  }
  unsigned shift = 0;
  std::uint32_t maximum = 0;
};

/// Writes palette entries as RGB.
class BmpPalette {
 public:
  BmpPalette(const BmpStructure& structure, std::string_view name) noexcept : structure_(structure), name_(name) {}

  void write(unsigned index, std::uint8_t* rgb) const {
    const std::size_t at = std::size_t{index} * structure_.palette_step;
    if (at >= structure_.palette.size()) {
      require(structure_.palette_complete, ErrorCode::kFormat, name_, ": expected BMP palette indices below ",
              structure_.palette.size() / structure_.palette_step, ", actual ", index);
      return;
    }
    for (std::size_t c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(structure_.palette[at + 2 - c]);
  }

 private:
  const BmpStructure& structure_;
  std::string_view name_;
};

inline void read_bmp_row(const BmpStructure& structure, const BmpPalette& palette, const std::uint8_t* row,
                         std::uint8_t* rgb) {
  const unsigned bits = structure.bits;
  if (bits == 24) {
    for (Index x = 0; x < structure.width; ++x, row += 3, rgb += 3) {
      for (int c = 0; c < 3; ++c) rgb[c] = row[2 - c];
    }
  } else if (bits > 8) {
    const BmpField red(structure.masks[0]), green(structure.masks[1]), blue(structure.masks[2]);
    for (Index x = 0; x < structure.width; ++x, row += bits / 8, rgb += 3) {
      std::uint32_t pixel = row[0] | std::uint32_t{row[1]} << 8;
      if (bits == 32) pixel |= std::uint32_t{row[2]} << 16 | std::uint32_t{row[3]} << 24;
      rgb[0] = red(pixel);
      rgb[1] = green(pixel);
      rgb[2] = blue(pixel);
    }
  } else {
    for (Index x = 0; x < structure.width; ++x, rgb += 3) {
      const unsigned bit = static_cast<unsigned>(x) * bits;
      palette.write(row[bit / 8] >> (8 - bits - bit % 8) & ((1u << bits) - 1), rgb);
    }
  }
}

}  // namespace detail

SHARPEYE_BODY Image BmpDecoder::decode(std::string_view bytes, std::string_view name,
                                       const DecodeOptions& options) const {
  require(image_format(bytes, name) == ImageFormat::kBmp, ErrorCode::kUnsupported, name, ": expected a BMP");
  const BmpStructure structure = read_bmp_structure(bytes, name, options.max_pixels);
  const detail::BmpPalette palette(structure, name);
  const bool runs = structure.coding != BmpStructure::Coding::kPlain;
  const std::vector<std::uint8_t> indices =
      runs ? detail::expand_bmp_runs(structure, name) : std::vector<std::uint8_t>();
  Image image(structure.width, structure.height, structure.orientation);
  for (Index y = 0; y < image.height(); ++y) {
    std::uint8_t* rgb = image.row(structure.top_first ? y : image.height() - 1 - y);
    if (runs) {
      for (Index x = 0; x < image.width(); ++x) {
        palette.write(indices[static_cast<std::size_t>(y * image.width() + x)], rgb + 3 * x);
      }
    } else {
      const char* row = structure.pixels.data() + static_cast<std::size_t>(y) * structure.stride;
      detail::read_bmp_row(structure, palette, reinterpret_cast<const std::uint8_t*>(row), rgb);
    }
  }
  return image;
}

SHARPEYE_NAMESPACE_END
