#pragma once

/// @file
/// Bodies of webp_structure.hpp.

#include "sharpeye/io/webp_structure.hpp"

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/exif.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The next chunk of a WebP file: its name and its content.
struct WebpChunk {
  explicit WebpChunk(ByteReader& reader) : start(reader.offset()), type(reader.take(4)) {
    const std::uint32_t length = reader.u32le();
    content = reader.take(length);
    if (length % 2 != 0 && reader.remaining() > 0) reader.take(1);  // libwebp does not miss the last padding byte
  }
  std::size_t start;
  std::string_view type, content;
};

/// The size that a bitstream declares, as the frame's.
inline void read_webp_frame_size(const WebpChunk& chunk, std::string_view name, WebpStructure& structure) {
  ByteReader reader(chunk.content, name);
  if (chunk.type == "VP8L") {
    require(reader.u8() == 0x2f, ErrorCode::kFormat, name, ": expected a WebP lossless signature");
    const std::uint32_t sizes = reader.u32le();
    structure.frame_width = static_cast<Index>(sizes & 0x3fffu) + 1;
    structure.frame_height = static_cast<Index>(sizes >> 14 & 0x3fffu) + 1;
    return;
  }
  reader.take(3);
  require(reader.take(3) == "\x9d\x01\x2a", ErrorCode::kFormat, name, ": expected a WebP key frame");
  structure.frame_width = reader.u16le() & 0x3fff;
  structure.frame_height = reader.u16le() & 0x3fff;
}

/// Takes an optional ALPH chunk and the bitstream after it as the frame, if they come next in `reader`.
inline void take_webp_frame(ByteReader& reader, std::string_view bytes, std::string_view name,
                            WebpStructure& structure) {
  for (std::size_t begin = reader.offset(); reader.remaining() > 0;) {
    const WebpChunk chunk(reader);
    if (chunk.type == "ALPH") {
      begin = chunk.start;
    } else if (chunk.type == "VP8 " || chunk.type == "VP8L") {
      if (bytes.substr(begin, 4) != "ALPH") begin = chunk.start;
      structure.frame = bytes.substr(begin, reader.offset() - begin);
      read_webp_frame_size(chunk, name, structure);
      return;
    } else {
      begin = reader.offset();
    }
  }
}

}  // namespace detail

SHARPEYE_BODY WebpStructure read_webp_structure(std::string_view bytes, std::string_view name,
                                                std::uint64_t max_pixels) {
  ByteReader file(bytes, name);
  require(file.take(4) == "RIFF", ErrorCode::kFormat, name, ": expected the WebP signature");
  const std::uint32_t length = file.u32le();
  require(length >= 12, ErrorCode::kFormat, name, ": expected a WebP length of at least 12, actual ", length);
  const std::string_view content = file.take(length);
  ByteReader reader(content, name);
  require(reader.take(4) == "WEBP", ErrorCode::kFormat, name, ": expected the WebP signature");

  WebpStructure structure;
  structure.format = ImageFormat::kWebp;
  std::string_view exif, xmp;
  bool extended = false;
  while (reader.remaining() > 0) {
    const std::size_t start = reader.offset();
    const detail::WebpChunk chunk(reader);
    if (chunk.type == "VP8X" && start == 4) {
      ByteReader header(chunk.content, name);
      header.take(4);  // flags
      const std::uint64_t width = std::uint64_t{header.u24le()} + 1;
      const std::uint64_t height = std::uint64_t{header.u24le()} + 1;
      declare_size(structure, width, height, name, max_pixels);
      extended = true;
    } else if (chunk.type == "ANMF" && structure.frame.empty()) {
      ByteReader frame(chunk.content, name);
      structure.frame_x = 2 * static_cast<Index>(frame.u24le());
      structure.frame_y = 2 * static_cast<Index>(frame.u24le());
      frame.take(10);  // its size, which the bitstream says too, duration and flags
      detail::take_webp_frame(frame, chunk.content, name, structure);
      require(!structure.frame.empty(), ErrorCode::kFormat, name, ": expected a bitstream in a WebP frame");
    } else if ((chunk.type == "ALPH" || chunk.type == "VP8 " || chunk.type == "VP8L") && structure.frame.empty()) {
      reader = ByteReader(content, name);
      reader.take(start);
      detail::take_webp_frame(reader, content, name, structure);
    } else if (chunk.type == "EXIF" && exif.empty()) {
      exif = chunk.content;
    } else if (chunk.type == "XMP " && xmp.empty()) {
      xmp = chunk.content;
    }
  }
  require(!structure.frame.empty(), ErrorCode::kFormat, name, ": expected a WebP frame");
  if (!extended) {
    declare_size(structure, static_cast<std::uint64_t>(structure.frame_width),
                 static_cast<std::uint64_t>(structure.frame_height), name, max_pixels);
  }
  require(structure.frame_width >= 1 && structure.frame_height >= 1 &&
              structure.frame_x + structure.frame_width <= structure.width &&
              structure.frame_y + structure.frame_height <= structure.height,
          ErrorCode::kFormat, name, ": expected a WebP frame inside ", structure.width, " x ", structure.height,
          ", actual ", structure.frame_width, " x ", structure.frame_height, " at (", structure.frame_x, ", ",
          structure.frame_y, ")");
  structure.orientation = picture_orientation(exif, xmp);
  return structure;
}

SHARPEYE_NAMESPACE_END
