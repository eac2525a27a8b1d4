#pragma once

/// @file
/// Bodies of libjpeg_decoder.hpp.

#include "sharpeye/io/libjpeg_decoder.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it
#include <vector>

#include <jpeglib.h>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// libjpeg's state. Its errors jump back to `jump`: only past frames of read_jpeg_row() and its siblings and of libjpeg
/// itself, none of which has anything to destroy.
struct LibjpegSession {
  LibjpegSession() noexcept {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      auto* session = static_cast<LibjpegSession*>(common->client_data);
      common->err->format_message(common, session->message);
      std::longjmp(session->jump, 1);
    };
    errors.output_message = [](j_common_ptr) {};
  }
  LibjpegSession(const LibjpegSession&) = delete;
  LibjpegSession& operator=(const LibjpegSession&) = delete;
  ~LibjpegSession() { jpeg_destroy_decompress(&info); }  // also when nothing was made of it: it was zeroed

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

/// Whether the header was read and decoding begun; else the session holds the message.
inline bool begin_jpeg(LibjpegSession& session, std::string_view bytes, long max_memory) noexcept {
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_decompress(&session.info);
  session.info.mem->max_memory_to_use = max_memory;
  jpeg_mem_src(&session.info, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&session.info, TRUE);
  session.info.out_color_space = session.info.num_components == 1   ? JCS_GRAYSCALE
                                 : session.info.num_components == 4 ? JCS_CMYK
                                                                    : JCS_RGB;
  jpeg_start_decompress(&session.info);
  return true;
}

inline bool read_jpeg_row(LibjpegSession& session, std::uint8_t* row) noexcept {
  if (setjmp(session.jump) != 0) return false;
  JSAMPROW rows[1] = {row};
  jpeg_read_scanlines(&session.info, rows, 1);
  return true;
}

/// A row of inverted CMYK, as Adobe stores it and Pillow takes every one, in Pillow's arithmetic.
inline void cmyk_to_rgb(const std::uint8_t* cmyk, Index width, std::uint8_t* rgb) noexcept {
  for (Index x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - cmyk[c]) * cmyk[3] + 128;
      const int level = cmyk[3] - (((product >> 8) + product) >> 8);
      rgb[c] = static_cast<std::uint8_t>(level < 0 ? 0 : level);
    }
  }
}

}  // namespace detail

SHARPEYE_BODY std::string LibjpegDecoder::library() const {
#if defined(LIBJPEG_TURBO_VERSION_NUMBER)
  return concat("libjpeg-turbo ", LIBJPEG_TURBO_VERSION_NUMBER / 1000000, '.',
                LIBJPEG_TURBO_VERSION_NUMBER / 1000 % 1000, '.', LIBJPEG_TURBO_VERSION_NUMBER % 1000);
#else
  return concat("libjpeg ", JPEG_LIB_VERSION / 10);
#endif
}

SHARPEYE_BODY Image LibjpegDecoder::decode(std::string_view bytes, std::string_view name,
                                           const DecodeOptions& options) const {
  const ImageStructure structure = read_image_structure(bytes, name, options.max_pixels);
  require(structure.format == ImageFormat::kJpeg, ErrorCode::kUnsupported, name, ": expected a JPEG");
  const Index padded = (structure.width + 31) / 32 * 32 * ((structure.height + 31) / 32 * 32);
  Image image(structure.width, structure.height, structure.orientation);
  std::vector<std::uint8_t> row;
  detail::LibjpegSession session;
  const auto check = [&](bool done) {
    if (!done) fail(ErrorCode::kFormat, name, ": cannot decode: ", session.message);
  };
  check(detail::begin_jpeg(session, bytes, static_cast<long>(32 * padded + (Index{16} << 20))));
  const int channels = session.info.output_components;
  require(session.info.output_width == static_cast<JDIMENSION>(image.width()) &&
              session.info.output_height == static_cast<JDIMENSION>(image.height()) &&
              (channels == 1 || channels == 3 || channels == 4),
          ErrorCode::kFormat, name, ": cannot decode: the header says ", image.width(), " x ", image.height(),
          ", the decoder found another size");
  if (channels != 3) row.resize(static_cast<std::size_t>(channels * image.width()));
  for (Index y = 0; y < image.height(); ++y) {
    check(detail::read_jpeg_row(session, channels == 3 ? image.row(y) : row.data()));
    if (channels == 4) detail::cmyk_to_rgb(row.data(), image.width(), image.row(y));
    if (channels == 1) {
      copy_rgb_row({row.data(), image.width(), 1, image.width(), PixelFormat::kGray}, 0, image.row(y));
    }
  }
  return image;
}

SHARPEYE_NAMESPACE_END
