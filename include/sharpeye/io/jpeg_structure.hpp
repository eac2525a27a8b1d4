#pragma once

/// @file
/// The marker segments of JPEG (ITU-T T.81 annex B). stb_image accepts a file that stops in the middle of a scan and
/// decodes any number of scans.

#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Every scan may visit every pixel, so scans bound the work that a small file can ask for. Encoders write about ten.
inline constexpr int kMaxJpegScans = 100;

/// Walks the segments of a JPEG file from SOI to EOI; what follows EOI is ignored, and so are, as by libjpeg, stray
/// bytes between segments. A frame of Motion JPEG, without Huffman tables, has the standard ones.
///
/// libjpeg decodes the file itself. `plain` is empty unless stb_image would take the samples for other colours, as it
/// does with four components and no Adobe segment, or would not read it: then it is the file with segments that tell
/// stb_image which they are, with the standard tables, without stray bytes.
///
/// @throws Error kFormat for a missing or repeated frame header, no scan, or a truncated file; kUnsupported for
/// lossless, hierarchical or 12-bit coding, a height of 0 (DNL), or sampling factors that do not divide; kLimit for
/// more than kMaxJpegScans scans and as declare_size().
ImageStructure read_jpeg_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/jpeg_structure.inl"
#endif
