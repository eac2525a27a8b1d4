#pragma once

/// @file
/// PNG by libpng, which is faster than stb_image and gives the same samples. Opt-in: not part of sharpeye.hpp.
///
/// sharpeye::compiled has it where CMake found the library. A header-only program that wants it in default_decoder()
/// defines SHARPEYE_HAS_PNG=1 before it includes anything of sharpeye, in all of its source files, and links -lpng.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes with libpng behind the checks of read_png_structure(). Equal to Pillow's convert("RGB"), but for grey of 16
/// bits, of which the high byte is kept, where Pillow clips it to nearly all white. libpng gets only the chunks that
/// decoding needs, and keeps a few rows, of an interlaced file the whole picture, which is within 8 bytes per pixel.
class LibpngDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kPng; }
  std::string library() const override;
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/libpng_decoder.inl"
#endif
