#pragma once

/// @file
/// What is known of an image file before any pixel is decoded. Decoders allocate what a header asks for, and most of
/// them accept a file that ends too early; so the readers of png_structure.hpp and its siblings walk the whole file
/// first, refuse what is incomplete or beyond the limits, and leave the decoder only the compressed data to doubt.

#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The formats that are recognised.
enum class ImageFormat { kJpeg, kPng, kWebp, kGif, kBmp, kPnm, kTga };

/// A whole image file whose framing was checked.
struct ImageStructure {
  ImageFormat format = ImageFormat::kPng;
  Index width = 0;      ///< pixels, before it is turned
  Index height = 0;     ///< pixels
  int orientation = 1;  ///< 1 to 8, of its EXIF or XMP data
  std::string rare;     ///< what most decoders do not read, in words; empty: nothing is rare
  std::string plain;    ///< an equivalent file for decoders that are less careful; empty: decode the file itself
};

/// Stores the size that a header declares.
/// @throws Error kFormat for an empty side, kLimit for a side above kMaxImageSide or more than `max_pixels` pixels.
void declare_size(ImageStructure& structure, std::uint64_t width, std::uint64_t height, std::string_view name,
                  std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/image_structure.inl"
#endif
