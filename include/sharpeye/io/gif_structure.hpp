#pragma once

/// @file
/// The blocks of a GIF file (GIF89a, sections 18-23) up to the end of its first frame.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A GIF file up to the end of its first frame. The views lie inside the file's bytes.
struct GifStructure : ImageStructure {
  Index frame_x = 0;         ///< its left column on the screen
  Index frame_y = 0;         ///< its top row
  Index frame_width = 0;     ///< inside the screen
  Index frame_height = 0;    ///< inside the screen
  bool interlaced = false;   ///< its rows come in four passes
  int transparent = -1;      ///< index of the transparent colour; -1 without one
  std::string_view palette;  ///< red, green, blue of each index, of the frame or else the file; empty: levels of grey
  unsigned code_bits = 0;    ///< of one index
  std::string_view blocks;   ///< its data, in blocks that begin with their length, without the last, empty one
};

/// Walks a GIF file up to the end of its first frame; further frames are never looked at.
///
/// As in Pillow, the screen grows where the frame reaches beyond it, and what the frame leaves uncovered has the
/// transparent colour, else colour 0. A transparent pixel shows the colour that its palette entry has.
///
/// @throws Error kFormat for a missing or empty frame or a truncated file; kLimit as declare_size().
GifStructure read_gif_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/gif_structure.inl"
#endif
