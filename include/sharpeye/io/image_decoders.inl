#pragma once

/// @file
/// Bodies of image_decoders.hpp.

#include "sharpeye/io/image_decoders.hpp"

#if __has_include(<stb/stb_image.h>)
#include "sharpeye/io/stb_image_decoder.hpp"
#define SHARPEYE_HAS_STB 1
#else
#define SHARPEYE_HAS_STB 0
#endif

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY const std::vector<const ImageDecoder*>& decoders() {
#if SHARPEYE_HAS_STB
  static const StbImageDecoder stb;
#endif
  static const std::vector<const ImageDecoder*> list {
    // One line for each decoder whose library is installed, the preferred ones first.
#if SHARPEYE_HAS_STB
    &stb,
#endif
  };
  return list;
}

namespace detail {

class ListedDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return find(format) != nullptr; }

  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options) const override {
    const ImageDecoder* decoder = find(image_format(bytes, name));
    require(decoder != nullptr, ErrorCode::kUnsupported, name, ": expected a format that this build decodes");
    return decoder->decode(bytes, name, options);
  }

 private:
  static const ImageDecoder* find(ImageFormat format) noexcept {
    for (const ImageDecoder* decoder : decoders()) {
      if (decoder->can_decode(format)) return decoder;
    }
    return nullptr;
  }
};

}  // namespace detail

SHARPEYE_BODY const ImageDecoder& default_decoder() {
  static const detail::ListedDecoder decoder;
  return decoder;
}

SHARPEYE_NAMESPACE_END
