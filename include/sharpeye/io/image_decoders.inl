#pragma once

/// @file
/// Bodies of image_decoders.hpp.

#include "sharpeye/io/image_decoders.hpp"

#include "sharpeye/io/bmp_decoder.hpp"
#include "sharpeye/io/gif_decoder.hpp"
#include "sharpeye/io/pnm_decoder.hpp"
#include "sharpeye/io/tga_decoder.hpp"

#if defined(SHARPEYE_HAS_JPEG) && SHARPEYE_HAS_JPEG
#include "sharpeye/io/libjpeg_decoder.hpp"
#endif
#if defined(SHARPEYE_HAS_PNG) && SHARPEYE_HAS_PNG
#include "sharpeye/io/libpng_decoder.hpp"
#endif
#if defined(SHARPEYE_HAS_WEBP) && SHARPEYE_HAS_WEBP
#include "sharpeye/io/libwebp_decoder.hpp"
#endif
#if __has_include(<stb/stb_image.h>)
#include "sharpeye/io/stb_image_decoder.hpp"
#define SHARPEYE_HAS_STB 1
#endif

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The one object of a decoder's class.
template <class Decoder>
const Decoder& the_decoder() {
  static const Decoder decoder;
  return decoder;
}

}  // namespace detail

SHARPEYE_BODY const std::vector<const ImageDecoder*>& decoders() {
  // One line for each decoder, the preferred ones first.
  static const std::vector<const ImageDecoder*> list {
#if defined(SHARPEYE_HAS_JPEG) && SHARPEYE_HAS_JPEG
    &detail::the_decoder<LibjpegDecoder>(),
#endif
#if defined(SHARPEYE_HAS_PNG) && SHARPEYE_HAS_PNG
        &detail::the_decoder<LibpngDecoder>(),
#endif
#if defined(SHARPEYE_HAS_WEBP) && SHARPEYE_HAS_WEBP
        &detail::the_decoder<LibwebpDecoder>(),
#endif
#if defined(SHARPEYE_HAS_STB)
        &detail::the_decoder<StbImageDecoder>(),
#endif
        &detail::the_decoder<BmpDecoder>(), &detail::the_decoder<GifDecoder>(), &detail::the_decoder<PnmDecoder>(),
        &detail::the_decoder<TgaDecoder>(),
  };
  return list;
}

namespace detail {

class ListedDecoder final : public ImageDecoder {
 public:
  bool can_decode(ImageFormat format) const noexcept override { return find(format) != nullptr; }

  std::string library() const override { return "the decoders of this build"; }

  Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options) const override {
    const ImageFormat format = image_format(bytes, name);
    const ImageDecoder* decoder = find(format);
    if (decoder == nullptr) {
      fail(ErrorCode::kUnsupported, name, ": expected a format that this build decodes, actual ", to_string(format),
           ": build with its library, or save the picture as JPEG or PNG");
    }
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
