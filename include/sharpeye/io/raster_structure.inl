#pragma once

/// @file
/// Bodies of raster_structure.hpp.

#include "sharpeye/io/raster_structure.hpp"

#include <algorithm>

#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline void read_bmp_masks(ByteReader& reader, std::string_view name, BmpStructure& structure) {
  for (std::uint32_t& mask : structure.masks) mask = reader.u32le();
  auto& [red, green, blue] = structure.masks;
  if (structure.bits == 32 && (red | green | blue) == 0) structure.masks = {0xff0000, 0xff00, 0xff};
  const auto is_run = [](std::uint32_t mask) {
    if (mask == 0) return false;
    const std::uint32_t filled = mask | (mask - 1);
    return (filled & (filled + 1)) == 0;
  };
  require(is_run(red) && is_run(green) && is_run(blue), ErrorCode::kUnsupported, name,
          ": expected BMP bit fields that are runs of bits");
}

}  // namespace detail

SHARPEYE_BODY BmpStructure read_bmp_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  BmpStructure structure;
  structure.format = ImageFormat::kBmp;
  const std::uint64_t start = bytes.substr(0, 2) == "BM" ? 14 : 0;
  std::uint64_t offset = 0;
  if (start != 0) {
    reader.take(10);  // signature, file size, reserved
    offset = reader.u32le();
  }
  const std::uint64_t header = reader.u32le();
  const bool first_os2 = header == 12;
  require(first_os2 || header == 40 || header == 52 || header == 56 || header == 64 || header == 108 || header == 124,
          ErrorCode::kUnsupported, name, ": expected a BMP header of 12, 40, 52, 56, 64, 108 or 124 bytes, actual ",
          header);
  std::uint64_t width, height;
  if (first_os2) {
    width = reader.u16le();
    height = reader.u16le();
  } else {
    width = reader.u32le();
    const std::uint32_t signed_height = reader.u32le();
    structure.top_first = signed_height >> 31 != 0;
    height = structure.top_first ? 0u - signed_height : signed_height;
  }
  declare_size(structure, width, height, name, max_pixels);
  reader.take(2);  // planes
  const unsigned bits = structure.bits = reader.u16le();
  require(bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32, ErrorCode::kFormat, name,
          ": expected 1, 4, 8, 16, 24 or 32 bits per BMP pixel, actual ", bits);
  std::uint64_t compression = 0, colors = 0;
  if (!first_os2) {
    compression = reader.u32le();
    reader.take(12);  // bytes of pixels, resolution
    colors = reader.u32le();
    reader.take(4);  // important colours
  }
  const bool fields = compression == 3 && bits >= 16 && header != 64;
  require(compression == 0 || fields || (compression == 1 && bits == 8) || (compression == 2 && bits == 4),
          ErrorCode::kUnsupported, name,
          ": expected a BMP that is uncompressed or of RLE8, RLE4 or bit fields, actual ", bits,
          " bits with compression ", compression);
  if (compression == 1) structure.coding = BmpStructure::Coding::kRle8;
  if (compression == 2) structure.coding = BmpStructure::Coding::kRle4;
  structure.masks = {0x7c00, 0x3e0, 0x1f};
  if (bits == 32) structure.masks = {0xff0000, 0xff00, 0xff};
  if (fields && bits != 24) detail::read_bmp_masks(reader, name, structure);
  const std::uint64_t header_end = std::max<std::uint64_t>(start + header, reader.offset());
  reader.take(header_end - reader.offset());

  structure.palette_step = first_os2 ? 3 : 4;
  if (bits <= 8) {
    if (colors == 0) colors = std::uint64_t{1} << bits;
    require(colors <= 65536, ErrorCode::kFormat, name, ": expected at most 65536 BMP palette entries, actual ", colors);
    // Some writers point at the palette instead of behind it.
    if (offset == 0 || offset == header_end) offset = header_end + structure.palette_step * colors;
    require(offset >= header_end, ErrorCode::kFormat, name, ": expected BMP pixels after the header, actual offset ",
            offset);
    const std::uint64_t entries = std::min(colors, (offset - header_end) / structure.palette_step);
    require(entries >= 1, ErrorCode::kFormat, name, ": expected a BMP palette");
    structure.palette_complete = entries == colors;
    structure.palette = reader.take(structure.palette_step * entries);
  }
  if (offset == 0) offset = header_end;
  require(offset >= header_end, ErrorCode::kFormat, name, ": expected BMP pixels after the header, actual offset ",
          offset);
  reader.take(offset - reader.offset());
  structure.pixels_at = offset;
  if (structure.coding != BmpStructure::Coding::kPlain) {
    structure.pixels = reader.take(reader.remaining());
    return structure;
  }
  structure.stride = (width * bits + 31) / 32 * 4;
  structure.pixels = reader.take(structure.stride * height);
  return structure;
}

namespace detail {

/// The next decimal number of a header: blanks and comments stand before it, and one blank behind it.
inline std::uint64_t take_pnm_number(ByteReader& reader, std::string_view name) {
  unsigned c = reader.u8();
  while (is_pnm_blank(c) || c == '#') {
    if (c == '#') {
      while (c != '\n' && c != '\r') c = reader.u8();
    }
    c = reader.u8();
  }
  std::uint64_t value = 0;
  do {
    require(c >= '0' && c <= '9' && value < 100000000, ErrorCode::kFormat, name,
            ": expected a decimal number before offset ", reader.offset());
    value = 10 * value + (c - '0');
    c = reader.u8();
  } while (!is_pnm_blank(c));
  return value;
}

/// The header of a PAM: lines of a word and a value, up to ENDHDR. Width, height, channels and maximum.
inline std::array<std::uint64_t, 4> take_pam_header(ByteReader& reader, std::string_view name) {
  constexpr std::string_view kWords[] = {"WIDTH", "HEIGHT", "DEPTH", "MAXVAL"};
  std::array<std::uint64_t, 4> values{};
  for (;;) {
    std::string_view word;
    const std::size_t start = reader.offset();
    std::string line;
    for (char c = reader.take(1)[0]; c != '\n'; c = reader.take(1)[0]) {
      line += c;
      require(line.size() <= 1000, ErrorCode::kFormat, name, ": expected a PAM header line at offset ", start);
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    word = std::string_view(line).substr(0, line.find(' '));
    if (word == "ENDHDR") return values;
    if (line.empty() || line[0] == '#' || word == "TUPLTYPE") continue;
    const auto* known = std::find(std::begin(kWords), std::end(kWords), word);
    require(known != std::end(kWords), ErrorCode::kFormat, name, ": expected a PAM header line at offset ", start);
    line += '\n';
    ByteReader number(std::string_view(line).substr(word.size()), name);
    values[static_cast<std::size_t>(known - kWords)] = take_pnm_number(number, name);
  }
}

}  // namespace detail

SHARPEYE_BODY PnmStructure read_pnm_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::string_view magic = reader.take(2);
  require(magic[0] == 'P' && magic[1] >= '1' && magic[1] <= '7', ErrorCode::kFormat, name,
          ": expected a PNM signature, P1 to P7");
  const int kind = magic[1] - '0';
  require(!bytes.substr(2, 1).empty() && (detail::is_pnm_blank(static_cast<std::uint8_t>(bytes[2])) || bytes[2] == '#'),
          ErrorCode::kFormat, name, ": expected a blank after ", magic);
  PnmStructure structure;
  structure.format = ImageFormat::kPnm;
  structure.bits = kind == 1 || kind == 4;
  structure.digits = kind <= 3;
  std::uint64_t width, height, channels = kind == 3 || kind == 6 ? 3 : 1, maximum = 1;
  if (kind == 7) {
    reader.take(1);
    const auto header = detail::take_pam_header(reader, name);
    width = header[0];
    height = header[1];
    channels = header[2];
    maximum = header[3];
  } else {
    width = detail::take_pnm_number(reader, name);
    height = detail::take_pnm_number(reader, name);
    if (!structure.bits) maximum = detail::take_pnm_number(reader, name);
  }
  declare_size(structure, width, height, name, max_pixels);
  require(channels >= 1 && channels <= 4, ErrorCode::kUnsupported, name, ": expected a PAM depth of 1 to 4, actual ",
          channels);
  require(maximum >= 1 && maximum <= 65535, ErrorCode::kFormat, name, ": expected a PNM maximum of 1 to 65535, actual ",
          maximum);
  structure.channels = static_cast<unsigned>(channels);
  structure.maximum = static_cast<std::uint32_t>(maximum);
  const std::uint64_t samples = width * height * channels;
  if (structure.digits) {  // a digit of each, and a blank between numbers
    structure.samples = reader.take(reader.remaining());
    const std::uint64_t least = structure.bits ? samples : 2 * samples - 1;
    require(structure.samples.size() >= least, ErrorCode::kFormat, name, ": truncated: expected ", samples, " numbers");
  } else {
    structure.samples = reader.take(structure.bits ? (width + 7) / 8 * height : samples * (maximum > 255 ? 2 : 1));
  }
  return structure;
}

SHARPEYE_BODY TgaStructure read_tga_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::uint64_t id_length = reader.u8();
  const unsigned has_palette = reader.u8(), type = reader.u8();
  const unsigned palette_start = reader.u16le(), palette_length = reader.u16le(), palette_bits = reader.u8();
  reader.take(4);  // origin
  const unsigned width = reader.u16le(), height = reader.u16le(), bits = reader.u8(), descriptor = reader.u8();
  const unsigned kind = type & ~8u;
  const bool known_palette =
      has_palette == 0 || palette_bits == 15 || palette_bits == 16 || palette_bits == 24 || palette_bits == 32;
  const bool indices = kind == 1 && bits == 8;
  const bool color = kind == 2 && (bits == 15 || bits == 16 || bits == 24 || bits == 32);
  const bool gray = kind == 3 && (bits == 8 || bits == 16);
  require((indices || color || gray) && has_palette <= 1 && known_palette && (descriptor & 0xc0u) == 0,
          ErrorCode::kUnsupported, name,
          ": expected a TGA of grey, of a palette with 8-bit indices, or of 15 to 32-bit colour, actual type ", type,
          " with ", bits, " bits and descriptor ", descriptor);
  TgaStructure structure;
  structure.format = ImageFormat::kTga;
  declare_size(structure, width, height, name, max_pixels);
  structure.indices = indices && has_palette == 1;
  structure.gray = gray || (indices && has_palette == 0);
  structure.runs = type != kind;
  structure.from_right = (descriptor & 0x10u) != 0;
  structure.top_first = (descriptor & 0x20u) != 0;
  structure.bytes = (bits + 7) / 8;
  reader.take(id_length);
  if (has_palette == 1) {
    structure.palette_start = palette_start;
    structure.palette_bytes = (palette_bits + 7) / 8;
    structure.palette = reader.take(std::uint64_t{palette_length} * structure.palette_bytes);
  }
  const std::uint64_t pixels = std::uint64_t{width} * height;
  const std::size_t start = reader.offset();
  if (!structure.runs) {
    structure.samples = reader.take(pixels * structure.bytes);
    return structure;
  }
  for (std::uint64_t done = 0; done < pixels;) {
    const unsigned packet = reader.u8(), count = (packet & 127u) + 1;
    reader.take((packet >> 7 ? 1u : count) * structure.bytes);
    done += count;
  }
  structure.samples = bytes.substr(start, reader.offset() - start);
  return structure;
}

SHARPEYE_NAMESPACE_END
