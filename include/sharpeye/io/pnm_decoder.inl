#pragma once

/// @file
/// Bodies of pnm_decoder.hpp.

#include "sharpeye/io/pnm_decoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/raster_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The levels of all samples of a PNM file, one after the other.
class PnmSamples {
 public:
  PnmSamples(const PnmStructure& structure, std::string_view name, bool clips)
      : structure_(structure), reader_(structure.samples, name), name_(name) {
    // Python's arithmetic: a division and a product in double, rounded to even.
    const double full = clips ? 65535 : 255;
    for (std::uint32_t value = 0; value <= structure.maximum; ++value) {
      const double level = std::nearbyint(static_cast<double>(value) / structure.maximum * full);
      levels_.push_back(static_cast<std::uint8_t>(std::min(level, 255.0)));
    }
  }

  std::uint8_t next() {
    if (structure_.digits) return structure_.bits ? next_bit_digit() : next_number();
    const std::uint32_t value = structure_.maximum > 255 ? reader_.u16be() : reader_.u8();
    return value <= structure_.maximum ? levels_[value] : std::uint8_t{255};
  }

 private:
  /// The next byte that is no comment. A comment is as nothing, not as a blank.
  unsigned byte() {
    unsigned c = reader_.u8();
    while (c == '#') {
      while (c != '\n' && c != '\r') c = reader_.u8();
      c = reader_.u8();
    }
    return c;
  }
  unsigned byte_after_blanks() {
    unsigned c = byte();
    while (is_pnm_blank(c)) c = byte();
    return c;
  }

  std::uint8_t next_bit_digit() {
    const unsigned c = byte_after_blanks();
    require(c == '0' || c == '1', ErrorCode::kFormat, name_, ": expected 0 or 1 in a P1 file");
    return c == '0' ? std::uint8_t{255} : std::uint8_t{0};
  }

  std::uint8_t next_number() {
    std::uint32_t value = 0;
    unsigned c = byte_after_blanks();
    for (;;) {
      require(c >= '0' && c <= '9', ErrorCode::kFormat, name_, ": expected decimal numbers of up to ",
              structure_.maximum);
      value = 10 * value + (c - '0');
      require(value <= structure_.maximum, ErrorCode::kFormat, name_, ": expected decimal numbers of up to ",
              structure_.maximum, ", actual ", value);
      if (reader_.remaining() == 0) break;
      c = byte();
      if (is_pnm_blank(c)) break;
    }
    return levels_[value];
  }

  const PnmStructure& structure_;
  ByteReader reader_;
  std::string_view name_;
  std::vector<std::uint8_t> levels_;
};

}  // namespace detail

SHARPEYE_BODY Image PnmDecoder::decode(std::string_view bytes, std::string_view name,
                                       const DecodeOptions& options) const {
  require(image_format(bytes, name) == ImageFormat::kPnm, ErrorCode::kUnsupported, name, ": expected a PNM");
  const PnmStructure structure = read_pnm_structure(bytes, name, options.max_pixels);
  Image image(structure.width, structure.height, structure.orientation);
  if (structure.bits && !structure.digits) {
    const Index stride = (image.width() + 7) / 8;
    for (Index y = 0; y < image.height(); ++y) {
      for (Index x = 0; x < image.width(); ++x) {
        const auto byte = static_cast<std::uint8_t>(structure.samples[static_cast<std::size_t>(y * stride + x / 8)]);
        std::fill_n(image.row(y) + 3 * x, 3, (byte >> (7 - x % 8) & 1) != 0 ? std::uint8_t{0} : std::uint8_t{255});
      }
    }
    return image;
  }
  const bool clips = bytes[1] != '7' && structure.channels == 1 && structure.maximum > 255;
  detail::PnmSamples samples(structure, name, clips);
  std::uint8_t* rgb = image.row(0);
  for (Index pixel = 0; pixel < image.width() * image.height(); ++pixel, rgb += 3) {
    rgb[0] = samples.next();
    rgb[1] = structure.channels >= 3 ? samples.next() : rgb[0];
    rgb[2] = structure.channels >= 3 ? samples.next() : rgb[0];
    if (structure.channels % 2 == 0) samples.next();  // alpha
  }
  return image;
}

SHARPEYE_NAMESPACE_END
