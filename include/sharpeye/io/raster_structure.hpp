#pragma once

/// @file
/// The formats that are a header and then rows of pixels: BMP, PNM (P5, P6) and TGA. stb_image does not notice when the
/// rows are missing.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Checks a Windows bitmap: BITMAPINFOHEADER or later, 1, 4, 8, 16, 24 or 32 bits, uncompressed.
/// @throws Error kFormat for a bad header, a palette index out of range, or a truncated file; kUnsupported for OS/2
/// headers and compression; kLimit as declare_size().
ImageStructure read_bmp_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

/// Checks a binary PGM (P5) or PPM (P6) with a maximum of 255. `plain` has a header without comments.
/// @throws Error kFormat for a bad header or a truncated file; kUnsupported for another maximum; kLimit as
/// declare_size().
ImageStructure read_pnm_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

/// Checks a Targa file: 8-bit grey, 8-bit palette of 24 or 32 bits, or 24 or 32-bit colour, plain or run-length coded.
/// @throws Error kFormat for a truncated file; kUnsupported for another kind, so also for most files that are no TGA
/// (the format has no signature); kLimit as declare_size().
ImageStructure read_tga_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/raster_structure.inl"
#endif
