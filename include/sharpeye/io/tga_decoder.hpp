#pragma once

/// @file
/// Targa: the samples that Pillow gives.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes behind the checks of read_tga_structure(). Alpha is dropped; an index beyond the palette is black.
class TgaDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kTga; }
  std::string library() const override { return "sharpeye"; }
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/tga_decoder.inl"
#endif
