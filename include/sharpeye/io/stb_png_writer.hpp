#pragma once

/// @file
/// Writes PNG files with stb_image_write. Opt-in: not part of sharpeye.hpp.
///
/// Header-only, it brings stb_image_write into every source file that includes it, which must not include
/// stb_image_write.h itself; with SHARPEYE_COMPILED it is this page only.

#include <string>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The bytes of an 8-bit RGB PNG file; the picture is turned upright first, where it is not.
/// @throws Error kLimit when memory is short or the image too large for stb
std::string encode_png(const Image& image);

/// Writes a PNG file atomically. @throws Error as encode_png(), kFileAccess
void write_png(const std::string& path, const Image& image);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/stb_png_writer.inl"
#endif
