#pragma once

/// @file
/// Bodies of libpng_decoder.hpp.

#include "sharpeye/io/libpng_decoder.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstring>
#include <vector>

#include <png.h>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// libpng's state, and the file it reads. Its errors jump back to `jump`: only past decode_png() and frames of libpng
/// itself, none of which has anything to destroy.
struct LibpngSession {
  explicit LibpngSession(std::string_view bytes) noexcept : file(bytes) {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp from, png_const_charp text) {
          auto* session = static_cast<LibpngSession*>(png_get_error_ptr(from));
          std::strncpy(session->message, text, sizeof session->message - 1);
          std::longjmp(session->jump, 1);
        },
        [](png_structp, png_const_charp) {});
    if (png != nullptr) info = png_create_info_struct(png);
  }
  LibpngSession(const LibpngSession&) = delete;
  LibpngSession& operator=(const LibpngSession&) = delete;
  ~LibpngSession() { png_destroy_read_struct(&png, &info, nullptr); }

  std::string_view file;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf jump;
  char message[128] = "";
};

/// Decodes to rows of RGB, [3 * width] each; false on failure, and then the session holds the message.
inline bool decode_png(LibpngSession& session, png_bytep* rows, png_uint_32 width, png_uint_32 height) noexcept {
  if (setjmp(session.jump) != 0) return false;
  png_set_read_fn(session.png, &session, [](png_structp from, png_bytep to, png_size_t size) {
    auto* file = &static_cast<LibpngSession*>(png_get_io_ptr(from))->file;
    if (size > file->size()) png_error(from, "truncated");
    std::memcpy(to, file->data(), size);
    file->remove_prefix(size);
  });
  png_set_user_limits(session.png, 1 << 16, 1 << 16);
  png_read_info(session.png, session.info);
  png_set_expand(session.png);
  png_set_strip_16(session.png);
  png_set_strip_alpha(session.png);
  png_set_gray_to_rgb(session.png);
  png_set_interlace_handling(session.png);
  png_read_update_info(session.png, session.info);
  if (png_get_image_width(session.png, session.info) != width ||
      png_get_image_height(session.png, session.info) != height ||
      png_get_rowbytes(session.png, session.info) != std::size_t{3} * width) {
    png_error(session.png, "not the size that the header says");
  }
  png_read_image(session.png, rows);
  return true;
}

}  // namespace detail

SHARPEYE_BODY std::string LibpngDecoder::library() const {
  return concat("libpng ", png_get_libpng_ver(nullptr));
}

SHARPEYE_BODY Image LibpngDecoder::decode(std::string_view bytes, std::string_view name,
                                          const DecodeOptions& options) const {
  const ImageStructure structure = read_image_structure(bytes, name, options.max_pixels);
  require(structure.format == ImageFormat::kPng, ErrorCode::kUnsupported, name, ": expected a PNG");
  Image image(structure.width, structure.height, structure.orientation);
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height()));
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = image.row(static_cast<Index>(y));
  detail::LibpngSession session(structure.plain);
  require(session.info != nullptr, ErrorCode::kLimit, name, ": cannot decode: no memory for libpng");
  if (!detail::decode_png(session, rows.data(), static_cast<png_uint_32>(image.width()),
                          static_cast<png_uint_32>(image.height()))) {
    fail(ErrorCode::kFormat, name, ": cannot decode: ", session.message);
  }
  return image;
}

SHARPEYE_NAMESPACE_END
