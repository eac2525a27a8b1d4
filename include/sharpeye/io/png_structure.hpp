#pragma once

/// @file
/// The chunk rules of PNG (ISO/IEC 15948, sections 5 and 11.2). stb_image checks neither CRCs nor the order of chunks.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// CRC-32 as in PNG and zlib (polynomial 0xedb88320, reflected).
std::uint32_t crc32(std::string_view bytes) noexcept;

inline constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};

/// Walks the chunks of a PNG file up to IEND; what follows IEND is ignored.
///
/// `plain` holds IHDR, PLTE with 256 entries (those the file lacks are black), IDAT and IEND: without tRNS alpha never
/// arises, and a palette index out of range is black, as in libpng, instead of whatever the decoder's stack held.
///
/// The orientation is that of eXIf, else of ImageMagick's "Raw profile type exif", else of XMP.
///
/// @throws Error kFormat for a broken signature, a bad CRC of a critical chunk (also of IDAT, which Pillow skips), an
/// invalid IHDR, a missing, repeated or misplaced chunk, or a truncated file; kUnsupported for an unknown critical
/// chunk; kLimit as declare_size().
ImageStructure read_png_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/png_structure.inl"
#endif
