#pragma once

/// @file
/// Bodies of raster_structure.hpp.

#include "sharpeye/io/raster_structure.hpp"

#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY ImageStructure read_bmp_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  require(reader.take(2) == "BM", ErrorCode::kFormat, name, ": expected the BMP signature");
  reader.take(8);  // file size, reserved
  const std::uint64_t offset = reader.u32le(), header = reader.u32le();
  require(header == 40 || header == 56 || header == 108 || header == 124, ErrorCode::kUnsupported, name,
          ": expected a BMP header of 40, 56, 108 or 124 bytes, actual ", header);
  ImageStructure structure;
  structure.format = ImageFormat::kBmp;
  const std::uint32_t width = reader.u32le(), signed_height = reader.u32le();
  const std::uint64_t height = signed_height >> 31 ? 0u - signed_height : signed_height;  // negative: top row first
  declare_size(structure, width, height, name, max_pixels);
  reader.take(2);  // planes
  const unsigned bits = reader.u16le();
  require(bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32, ErrorCode::kFormat, name,
          ": expected 1, 4, 8, 16, 24 or 32 bits per BMP pixel, actual ", bits);
  const unsigned compression = reader.u32le();
  require(compression == 0 || (compression == 3 && bits >= 16), ErrorCode::kUnsupported, name,
          ": expected an uncompressed BMP, actual compression ", compression);
  require(offset >= 14 + header, ErrorCode::kFormat, name, ": expected BMP pixels after the header, actual offset ",
          offset);

  const std::uint64_t stride = (std::uint64_t{width} * bits + 31) / 32 * 4;
  reader.take(offset - reader.offset());
  const std::string_view pixels = reader.take(stride * height);
  if (bits > 8) return structure;
  const std::uint64_t entries = (offset - 14 - header) / 4;
  require(entries >= 1 && entries <= 256, ErrorCode::kFormat, name, ": expected 1 to 256 BMP palette entries, actual ",
          entries);
  if (entries >> bits != 0) return structure;
  for (std::uint64_t y = 0; y < height; ++y) {  // the decoder would show whatever its stack holds there
    for (std::uint64_t bit = 0; bit < std::uint64_t{width} * bits; bit += bits) {
      const unsigned byte = static_cast<std::uint8_t>(pixels[static_cast<std::size_t>(y * stride + bit / 8)]);
      const unsigned index = byte >> (8 - bits - bit % 8) & ((1u << bits) - 1);
      require(index < entries, ErrorCode::kFormat, name, ": expected BMP palette indices below ", entries, ", actual ",
              index);
    }
  }
  return structure;
}

SHARPEYE_BODY ImageStructure read_pnm_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::string_view magic = reader.take(2);
  require(magic == "P5" || magic == "P6", ErrorCode::kFormat, name, ": expected the PNM signature P5 or P6");
  const auto is_space = [](unsigned c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  unsigned c = reader.u8();
  require(is_space(c) || c == '#', ErrorCode::kFormat, name, ": expected a blank after ", magic);
  const auto number = [&] {
    while (is_space(c) || c == '#') {
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
    } while (!is_space(c));
    return value;
  };
  ImageStructure structure;
  structure.format = ImageFormat::kPnm;
  const std::uint64_t width = number(), height = number();
  declare_size(structure, width, height, name, max_pixels);
  const std::uint64_t maximum = number();
  require(maximum == 255, ErrorCode::kUnsupported, name, ": expected a PNM maximum of 255, actual ", maximum);
  structure.plain = concat(magic, '\n', width, ' ', height, "\n255\n");
  structure.plain += reader.take(width * height * (magic == "P6" ? 3 : 1));
  return structure;
}

SHARPEYE_BODY ImageStructure read_tga_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::uint64_t id_length = reader.u8();
  const unsigned has_palette = reader.u8(), type = reader.u8();
  const unsigned palette_start = reader.u16le(), palette_length = reader.u16le(), palette_bits = reader.u8();
  reader.take(4);  // origin
  const unsigned width = reader.u16le(), height = reader.u16le(), bits = reader.u8(), descriptor = reader.u8();
  const unsigned kind = type & ~8u;
  const bool palette = kind == 1 && has_palette == 1 && bits == 8 && palette_start == 0 && palette_length >= 1 &&
                       (palette_bits == 24 || palette_bits == 32);
  const bool color = kind == 2 && has_palette == 0 && (bits == 24 || bits == 32);
  const bool gray = kind == 3 && has_palette == 0 && bits == 8;
  require((palette || color || gray) && (descriptor & 0xd0u) == 0, ErrorCode::kUnsupported, name,
          ": expected a TGA of 8-bit grey, 8-bit palette or 24 or 32-bit colour, rows from the left, actual type ",
          type, " with ", bits, " bits and descriptor ", descriptor);
  ImageStructure structure;
  structure.format = ImageFormat::kTga;
  declare_size(structure, width, height, name, max_pixels);
  reader.take(id_length);
  if (palette) reader.take(std::uint64_t{palette_length} * (palette_bits / 8));
  const std::uint64_t pixels = std::uint64_t{width} * height;
  if (type == kind) {
    reader.take(pixels * (bits / 8));
    return structure;
  }
  for (std::uint64_t done = 0; done < pixels;) {
    const unsigned packet = reader.u8(), count = (packet & 127u) + 1;
    reader.take((packet >> 7 ? 1u : count) * (bits / 8));
    done += count;
  }
  return structure;
}

SHARPEYE_NAMESPACE_END
