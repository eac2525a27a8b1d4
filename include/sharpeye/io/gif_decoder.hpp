#pragma once

/// @file
/// The first frame of a GIF: the samples that Pillow gives.

#include <string>
#include <string_view>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes behind the checks of read_gif_structure(). Codes need not begin with a clear code, and a full table may
/// stay. A frame whose own palette is the levels of grey in order has the file's palette, if that is another one, as in
/// Pillow.
/// @throws Error kFormat also where the codes end before the frame is full, or name what is not in their table.
class GifDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return format == ImageFormat::kGif; }
  std::string library() const override { return "sharpeye"; }
  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const override;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/gif_decoder.inl"
#endif
