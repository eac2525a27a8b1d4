#pragma once

/// @file
/// The blocks of a GIF file (GIF89a, sections 18-23) up to the end of its first frame.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Walks a GIF file up to the end of its first frame; further frames are never looked at.
///
/// `plain` holds that frame without any extension: no transparency arises, a transparent pixel shows the colour that
/// its palette entry has, as in Pillow. What the first frame leaves uncovered shows the background colour (black when
/// that is entry 0).
///
/// @throws Error kFormat for a missing palette or frame, a frame outside the screen, or a truncated file; kLimit as
/// declare_size().
ImageStructure read_gif_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/gif_structure.inl"
#endif
