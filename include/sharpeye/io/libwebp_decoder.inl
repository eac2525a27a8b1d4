#pragma once

/// @file
/// Bodies of libwebp_decoder.hpp.

#include "sharpeye/io/libwebp_decoder.hpp"

#include <cstdint>

#include <webp/decode.h>

#include "sharpeye/io/webp_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline const char* webp_status_text(VP8StatusCode status) noexcept {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "out of memory";
    case VP8_STATUS_NOT_ENOUGH_DATA: return "truncated";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "an unsupported feature";
    default: return "a broken bitstream";
  }
}

}  // namespace detail

SHARPEYE_BODY std::string LibwebpDecoder::library() const {
  const int version = WebPGetDecoderVersion();
  return concat("libwebp ", version >> 16, '.', version >> 8 & 255, '.', version & 255);
}

SHARPEYE_BODY Image LibwebpDecoder::decode(std::string_view bytes, std::string_view name,
                                           const DecodeOptions& options) const {
  require(image_format(bytes, name) == ImageFormat::kWebp, ErrorCode::kUnsupported, name, ": expected a WebP");
  const WebpStructure structure = read_webp_structure(bytes, name, options.max_pixels);
  Image image(structure.width, structure.height, structure.orientation);
  const auto* frame = reinterpret_cast<const std::uint8_t*>(structure.frame.data());

  WebPDecoderConfig config;
  require(WebPInitDecoderConfig(&config) != 0, ErrorCode::kUnsupported, name, ": this libwebp is of another version");
  VP8StatusCode status = WebPGetFeatures(frame, structure.frame.size(), &config.input);
  require(status == VP8_STATUS_OK, ErrorCode::kFormat, name, ": cannot decode: ", detail::webp_status_text(status));
  require(config.input.width == structure.frame_width && config.input.height == structure.frame_height,
          ErrorCode::kFormat, name, ": expected ", structure.frame_width, " x ", structure.frame_height,
          " pixels, the decoder found ", config.input.width, " x ", config.input.height);
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.row(structure.frame_y) + 3 * structure.frame_x;
  config.output.u.RGBA.stride = static_cast<int>(3 * image.width());
  config.output.u.RGBA.size =
      image.pixels().size() - static_cast<std::size_t>(3 * (structure.frame_y * image.width() + structure.frame_x));
  status = WebPDecode(frame, structure.frame.size(), &config);
  WebPFreeDecBuffer(&config.output);
  require(status == VP8_STATUS_OK, ErrorCode::kFormat, name, ": cannot decode: ", detail::webp_status_text(status));
  return image;
}

SHARPEYE_NAMESPACE_END
