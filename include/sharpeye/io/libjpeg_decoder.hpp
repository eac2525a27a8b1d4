#pragma once

/// @file
/// JPEG by libjpeg-turbo (or another libjpeg): the very samples that Pillow gives. Opt-in: not part of sharpeye.hpp.
///
/// sharpeye::compiled has it where CMake found the library. A header-only program that wants it in default_decoder()
/// defines SHARPEYE_HAS_JPEG=1 before it includes anything of sharpeye, in all of its source files, and links -ljpeg.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes with libjpeg behind the checks of read_jpeg_structure(): the accurate integer DCT, smooth upsampling, and
/// CMYK and YCCK as Pillow's convert("RGB") shows them. What libjpeg only warns of is accepted, as by Pillow. Working
/// memory is at most 32 bytes per declared pixel (sides rounded up to 32) and 16 MiB.
class LibjpegDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kJpeg; }
  std::string library() const override;
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/libjpeg_decoder.inl"
#endif
