#pragma once

/// @file
/// Bodies of gif_structure.hpp.

#include "sharpeye/io/gif_structure.hpp"

#include <algorithm>

#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Skips an extension behind its introducer, and takes the transparent index of a graphic control.
inline void take_gif_extension(ByteReader& reader, GifStructure& structure) {
  const unsigned label = reader.u8();
  bool first = true;
  while (const unsigned size = reader.u8()) {
    const std::string_view block = reader.take(size);
    if (label == 0xf9 && first && size >= 4 && (block[0] & 1) != 0) {
      structure.transparent = static_cast<std::uint8_t>(block[3]);
    }
    first = false;
  }
}

/// The colours that may follow a header with these flags. Those that are levels of grey in order are as good as none;
/// Pillow then shows an index beyond them as its level too.
inline std::string_view take_gif_palette(ByteReader& reader, unsigned flags) {
  if ((flags & 0x80u) == 0) return {};
  const std::string_view palette = reader.take(std::uint64_t{6} << (flags & 7u));
  for (std::size_t i = 0; i < palette.size(); ++i) {
    if (static_cast<std::uint8_t>(palette[i]) != i / 3) return palette;
  }
  return {};
}

}  // namespace detail

SHARPEYE_BODY GifStructure read_gif_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::string_view signature = reader.take(6);
  require(signature == "GIF87a" || signature == "GIF89a", ErrorCode::kFormat, name, ": expected the GIF signature");
  GifStructure structure;
  structure.format = ImageFormat::kGif;
  const unsigned width = reader.u16le(), height = reader.u16le();
  declare_size(structure, width, height, name, max_pixels);
  const unsigned flags = reader.u8();
  reader.take(2);  // background, aspect ratio
  structure.palette = detail::take_gif_palette(reader, flags);

  for (;;) {
    const std::size_t start = reader.offset();
    const unsigned kind = reader.u8();
    require(kind != 0x3b, ErrorCode::kFormat, name, ": expected a GIF frame at offset ", start);
    if (kind == 0x21) detail::take_gif_extension(reader, structure);
    if (kind != 0x2c) continue;  // as Pillow: bytes between blocks are skipped
    const unsigned left = reader.u16le(), top = reader.u16le(), across = reader.u16le(), down = reader.u16le();
    require(across >= 1 && down >= 1, ErrorCode::kFormat, name, ": expected a GIF frame with pixels, actual ", across,
            " x ", down);
    declare_size(structure, std::max(width, left + across), std::max(height, top + down), name, max_pixels);
    structure.frame_x = left;
    structure.frame_y = top;
    structure.frame_width = across;
    structure.frame_height = down;
    const unsigned frame_flags = reader.u8();
    structure.interlaced = (frame_flags & 0x40u) != 0;
    const std::string_view palette = detail::take_gif_palette(reader, frame_flags);
    if (!palette.empty()) structure.palette = palette;
    structure.code_bits = reader.u8();
    require(structure.code_bits <= 12, ErrorCode::kFormat, name, ": expected GIF codes of at most 12 bits, actual ",
            structure.code_bits);
    const std::size_t begin = reader.offset();
    std::size_t end = begin;
    while (const unsigned size = reader.u8()) {
      reader.take(size);
      end = reader.offset();
    }
    structure.blocks = bytes.substr(begin, end - begin);
    return structure;
  }
}

SHARPEYE_NAMESPACE_END
