#pragma once

/// @file
/// BMP of every version, with palettes, bit fields, RLE8 and RLE4: the samples that Pillow gives.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes behind the checks of read_bmp_structure(). An index beyond the palette is black; one into a palette that the
/// file cuts short is an error. What an RLE file skips has colour 0. RLE takes one byte of memory per pixel.
class BmpDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kBmp; }
  std::string library() const override { return "sharpeye"; }
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/bmp_decoder.inl"
#endif
