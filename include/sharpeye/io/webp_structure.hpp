#pragma once

/// @file
/// The chunks of WebP (RFC 9649) up to the end of the first frame.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A WebP file, and where its first frame is.
struct WebpStructure : ImageStructure {
  std::string_view frame;  ///< an optional ALPH chunk, then the VP8 or VP8L chunk, inside the file's bytes
  Index frame_x = 0;       ///< of its left column on the canvas; what it leaves uncovered is black
  Index frame_y = 0;       ///< of its top row
  Index frame_width = 0;   ///< inside the canvas
  Index frame_height = 0;  ///< inside the canvas
};

/// Walks the chunks of a WebP file; what follows the length that its header says is ignored.
/// @throws Error kFormat for a bad header, no frame, a frame outside the canvas, or a truncated file; kLimit as
/// declare_size().
WebpStructure read_webp_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/webp_structure.inl"
#endif
