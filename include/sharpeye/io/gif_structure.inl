#pragma once

/// @file
/// Bodies of gif_structure.hpp.

#include "sharpeye/io/gif_structure.hpp"

#include "sharpeye/io/byte_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY ImageStructure read_gif_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  const std::string_view signature = reader.take(6);
  require(signature == "GIF87a" || signature == "GIF89a", ErrorCode::kFormat, name, ": expected the GIF signature");
  ImageStructure structure;
  structure.format = ImageFormat::kGif;
  const unsigned width = reader.u16le(), height = reader.u16le();
  declare_size(structure, width, height, name, max_pixels);
  const auto take_palette = [&reader](unsigned flags) {
    if ((flags & 0x80u) != 0) reader.take(std::uint64_t{6} << (flags & 7u));
    return (flags & 0x80u) != 0;
  };
  const unsigned flags = reader.u8();
  reader.take(2);  // background, aspect ratio
  const bool global_palette = take_palette(flags);
  structure.plain = bytes.substr(0, reader.offset());

  const auto skip_blocks = [&reader] {
    while (const unsigned size = reader.u8()) reader.take(size);
  };
  for (;;) {
    const std::size_t start = reader.offset();
    const unsigned kind = reader.u8();
    if (kind == 0x21) {  // an extension: its label, then blocks
      reader.take(1);
      skip_blocks();
      continue;
    }
    require(kind == 0x2c, ErrorCode::kFormat, name, ": expected a GIF frame at offset ", start);
    const unsigned left = reader.u16le(), top = reader.u16le(), across = reader.u16le(), down = reader.u16le();
    require(across >= 1 && down >= 1 && left + across <= width && top + down <= height, ErrorCode::kFormat, name,
            ": expected a GIF frame inside ", width, " x ", height, ", actual ", across, " x ", down, " at (", left,
            ", ", top, ")");
    const bool palette = take_palette(reader.u8()) || global_palette;
    require(palette, ErrorCode::kFormat, name, ": expected a GIF palette");
    reader.take(1);  // LZW code size
    skip_blocks();
    structure.plain += bytes.substr(start, reader.offset() - start);
    structure.plain += '\x3b';
    return structure;
  }
}

SHARPEYE_NAMESPACE_END
