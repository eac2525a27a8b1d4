#pragma once

/// @file
/// Bodies of stb_png_writer.hpp: the only place that sees stb_image_write.

#ifdef INCLUDE_STB_IMAGE_WRITE_H
#error "sharpeye/io/stb_png_writer.inl configures stb_image_write.h, which this source file has already included"
#endif

#include "sharpeye/io/stb_png_writer.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "sharpeye/core/file.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string encode_png(const Image& image) {
  if (image.orientation() != 1) return encode_png(upright(image));
  int size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      stbi_write_png_to_mem(image.pixels().data(), static_cast<int>(3 * image.width()), static_cast<int>(image.width()),
                            static_cast<int>(image.height()), 3, &size),
      std::free);
  require(bytes != nullptr, ErrorCode::kLimit, "png: cannot encode ", image.width(), " x ", image.height(), " pixels");
  return std::string(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
}

SHARPEYE_BODY void write_png(const std::string& path, const Image& image) {
  write_file(path, encode_png(image));
}

SHARPEYE_NAMESPACE_END
