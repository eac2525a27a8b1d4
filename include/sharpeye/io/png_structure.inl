#pragma once

/// @file
/// Bodies of png_structure.hpp.

#include "sharpeye/io/png_structure.hpp"

#include <array>
#include <string>
#include <utility>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/exif.hpp"
#include "sharpeye/io/inflate.hpp"

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

namespace detail {

/// The longest text that is looked at for an orientation; an EXIF block is at most 64 KB, in hexadecimal twice that.
inline constexpr std::size_t kMaxPngText = std::size_t{1} << 20;

/// The keyword of a text chunk, and its text, inflated; both empty when it is broken or compressed and too long.
inline std::pair<std::string_view, std::string> png_text(std::string_view type, std::string_view content) {
  const std::size_t end = content.find('\0');
  if (end == std::string_view::npos || content.size() > kMaxPngText) return {};
  const std::string_view keyword = content.substr(0, end);
  if (keyword != "Raw profile type exif" && keyword != "XML:com.adobe.xmp") return {};
  std::string_view text = content.substr(end + 1);
  bool compressed = type == "zTXt";
  if (type == "iTXt") {
    if (text.size() < 2) return {};
    compressed = text[0] != 0;
    text.remove_prefix(1);
  }
  if (type != "tEXt") {
    if (text.empty() || (compressed && text[0] != 0)) return {};
    text.remove_prefix(1);
  }
  for (int skipped = 0; type == "iTXt" && skipped < 2; ++skipped) {  // a language, and the keyword in it
    const std::size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return {};
    text.remove_prefix(zero + 1);
  }
  if (!compressed) return {keyword, std::string(text)};
  auto inflated = inflate_zlib(text, kMaxPngText);
  if (!inflated) return {};
  return {keyword, std::move(*inflated)};
}

/// The bytes of ImageMagick's "Raw profile": an empty line, its name, its length, then hexadecimal digits.
inline std::string raw_profile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string bytes;
  unsigned value = 0, digits = 0;
  for (const char c : text) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                  : 16;
    if (digit == 16) continue;
    value = value << 4 | digit;
    if (++digits % 2 == 0) bytes += static_cast<char>(value & 0xffu);
  }
  return bytes;
}

}  // namespace detail

SHARPEYE_BODY ImageStructure read_png_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  require(reader.take(8) == kPngSignature, ErrorCode::kFormat, name, ": expected the PNG signature");
  ImageStructure structure;
  structure.format = ImageFormat::kPng;
  structure.plain = kPngSignature;
  unsigned color = 0;
  bool palette_seen = false, data_seen = false;
  std::string_view previous, exif;
  std::string profile, xmp;

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
    } else if (type == "eXIf" && intact && exif.empty()) {
      exif = content;
    } else if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
      auto [keyword, text] = detail::png_text(type, intact ? content : std::string_view());
      if (keyword == "Raw profile type exif") profile = detail::raw_profile(text);
      if (keyword == "XML:com.adobe.xmp") xmp = std::move(text);
    } else {
      require(!critical, ErrorCode::kUnsupported, name, ": PNG chunk at offset ", start, ": unknown critical chunk");
    }
    if (keep) structure.plain += bytes.substr(start, reader.offset() - start);
    previous = type;
  }
  structure.orientation = picture_orientation(exif.empty() ? std::string_view(profile) : exif, xmp);
  return structure;
}

SHARPEYE_NAMESPACE_END
