#pragma once

/// @file
/// Bodies of png_structure.hpp.

#include "sharpeye/io/png_structure.hpp"

#include <array>
#include <string>

#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::uint32_t crc32(std::string_view bytes) noexcept {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1u ? 0xedb88320u : 0u);
    }
    return table;
  }();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xffu] ^ crc >> 8;
  return ~crc;
}

SHARPEYE_BODY ImageStructure read_png_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  require(reader.take(8) == kPngSignature, ErrorCode::kFormat, name, ": expected the PNG signature");
  ImageStructure structure;
  structure.format = ImageFormat::kPng;
  structure.plain = kPngSignature;
  unsigned color = 0;
  bool palette_seen = false, data_seen = false;
  std::string_view previous;

  while (previous != "IEND") {
    const std::size_t start = reader.offset();
    const std::uint32_t length = reader.u32be();
    const std::string_view type = reader.take(4);
    const std::string_view content = reader.take(length);
    const bool intact = reader.u32be() == crc32(bytes.substr(start + 4, std::size_t{4} + length));
    const bool critical = (type[0] & 0x20) == 0;
    const auto expect = [&](bool condition, const char* rule) {
      require(condition, ErrorCode::kFormat, name, ": PNG chunk at offset ", start, ": expected ", rule);
    };
    expect(intact || !critical, "a CRC that matches the content");
    expect(previous.empty() == (type == "IHDR"), "IHDR once, as the first chunk");
    bool keep = critical;

    if (type == "IHDR") {
      expect(length == 13, "an IHDR of 13 bytes");
      ByteReader header(content, name);
      const std::uint32_t width = header.u32be(), height = header.u32be();
      declare_size(structure, width, height, name, max_pixels);
      const unsigned depth = header.u8();
      color = header.u8();
      const bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
      const bool valid = color == 0   ? power
                         : color == 3 ? power && depth <= 8
                                      : (color == 2 || color == 4 || color == 6) && (depth == 8 || depth == 16);
      expect(valid, "a bit depth that the colour type allows");
      expect(header.u16be() == 0 && header.u8() <= 1, "compression 0, filter 0 and interlace 0 or 1");
    } else if (type == "PLTE") {
      expect(!palette_seen && !data_seen && (color & 2u) != 0, "PLTE once, before IDAT, in a colour image");
      expect(length % 3 == 0 && length >= 3 && length <= 768, "1 to 256 palette entries of 3 bytes");
      palette_seen = true;
      keep = false;
      std::string palette = "PLTE" + std::string(content);
      palette.resize(4 + 768, '\0');
      const std::uint32_t crc = crc32(palette);
      structure.plain += std::string("\0\0\3\0", 4) + palette;
      for (int shift = 24; shift >= 0; shift -= 8) structure.plain += static_cast<char>(crc >> shift & 0xffu);
    } else if (type == "IDAT") {
      expect(!data_seen || previous == "IDAT", "all IDAT chunks in a row");
      expect(color != 3 || palette_seen, "PLTE before IDAT");
      data_seen = true;
    } else if (type == "IEND") {
      expect(length == 0 && data_seen, "IDAT before an empty IEND");
    } else if (type == "eXIf" && intact && structure.exif.empty()) {
      structure.exif = content;
    } else {
      require(!critical, ErrorCode::kUnsupported, name, ": PNG chunk at offset ", start, ": unknown critical chunk");
    }
    if (keep) structure.plain += bytes.substr(start, reader.offset() - start);
    previous = type;
  }
  return structure;
}

SHARPEYE_NAMESPACE_END
