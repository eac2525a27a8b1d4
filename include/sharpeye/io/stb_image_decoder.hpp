#pragma once

/// @file
/// JPEG and PNG by stb_image, where libjpeg and libpng are not installed. Opt-in: not part of sharpeye.hpp.
///
/// Header-only, it brings stb_image into every source file that includes it, which must not include stb_image.h itself;
/// with SHARPEYE_COMPILED it is this page only.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes with stb_image behind the checks of read_image_structure().
///
/// PNG equals Pillow's convert("RGB") for up to 8 bits per channel. Of 16 bits the high byte is kept, where Pillow
/// clips 16-bit grey to nearly all white. JPEG is within 3 levels of libjpeg-turbo, but by more where
/// colour of halved resolution (4:2:0, 4:2:2) changes from pixel to pixel. Working memory is at most 32 bytes per
/// declared pixel (sides rounded up to 32), four times the file and 1 MiB.
class StbImageDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override {
    return format == ImageFormat::kJpeg || format == ImageFormat::kPng;
  }
  std::string library() const override;
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/stb_image_decoder.inl"
#endif
