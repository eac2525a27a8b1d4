#pragma once

/// @file
/// Bodies of image_decoder.hpp.

#include "sharpeye/io/image_decoder.hpp"

#include <cctype>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/file_kind.hpp"
#include "sharpeye/io/gif_structure.hpp"
#include "sharpeye/io/jpeg_structure.hpp"
#include "sharpeye/io/png_structure.hpp"
#include "sharpeye/io/raster_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY ImageFormat image_format(std::string_view bytes, std::string_view name) {
  const auto starts = [bytes](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (starts("\xff\xd8")) return ImageFormat::kJpeg;
  if (starts("\x89PNG")) return ImageFormat::kPng;
  if (starts("GIF8")) return ImageFormat::kGif;
  if (starts("BM")) return ImageFormat::kBmp;
  if (starts("P5") || starts("P6")) return ImageFormat::kPnm;
  std::string ending(name.substr(name.size() - (name.size() < 4 ? name.size() : 4)));
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  // The second byte of a TGA says whether it has a palette; in what is something else it is mostly a letter.
  if (ending == ".tga" && !bytes.empty() && (bytes.size() == 1 || bytes[1] == 0 || bytes[1] == 1)) {
    return ImageFormat::kTga;
  }
  fail(ErrorCode::kUnsupported, name, ": expected a JPEG, PNG, GIF, BMP, PGM, PPM or (by its name) TGA file, actual ",
       describe_file(bytes));
}

SHARPEYE_BODY ImageStructure read_image_structure(std::string_view bytes, std::string_view name,
                                                  std::uint64_t max_pixels) {
  switch (image_format(bytes, name)) {
    case ImageFormat::kJpeg: return read_jpeg_structure(bytes, name, max_pixels);
    case ImageFormat::kPng: return read_png_structure(bytes, name, max_pixels);
    case ImageFormat::kGif: return read_gif_structure(bytes, name, max_pixels);
    case ImageFormat::kBmp: return read_bmp_structure(bytes, name, max_pixels);
    case ImageFormat::kPnm: return read_pnm_structure(bytes, name, max_pixels);
    case ImageFormat::kTga: break;
  }
  return read_tga_structure(bytes, name, max_pixels);
}

SHARPEYE_BODY Image read_image(const std::string& path, const ImageDecoder& decoder, const DecodeOptions& options) {
  return decoder.decode(read_file(path, kMaxImageFileBytes), path, options);
}

SHARPEYE_NAMESPACE_END
