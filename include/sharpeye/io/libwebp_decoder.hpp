#pragma once

/// @file
/// WebP by libwebp: the very samples that Pillow gives. Opt-in: not part of sharpeye.hpp.
///
/// sharpeye::compiled has it where CMake found the library; without it no WebP is decoded. A header-only program that
/// wants it in default_decoder() defines SHARPEYE_HAS_WEBP=1 before it includes anything of sharpeye, in all of its
/// source files, and links -lwebp.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes the first frame, lossy or lossless, with libwebp behind the checks of read_webp_structure(). Alpha is
/// dropped, and what the frame leaves uncovered is black, as by Pillow's convert("RGB"). The bitstream's own header is
/// checked to say the size that was checked; libwebp takes some 8 bytes per pixel.
class LibwebpDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kWebp; }
  std::string library() const override;
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/libwebp_decoder.inl"
#endif
