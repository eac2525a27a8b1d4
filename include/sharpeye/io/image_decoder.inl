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
#include "sharpeye/io/webp_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// What to do about a picture of a kind that nobody here decodes; empty for what is no picture.
inline std::string advice_for_picture(std::string_view bytes) {
  const std::string kind = describe_file(bytes);
  for (const char* picture : {"HEIC", "AVIF", "JPEG XL", "TIFF", "JPEG 2000", "SVG", "QOI", "a Photoshop document",
                              "OpenEXR", "a camera's raw file", "an icon (ICO)"}) {
    if (kind == picture) return ", which is not read: save it as JPEG or PNG first";
  }
  return "";
}

}  // namespace detail

SHARPEYE_BODY const char* to_string(ImageFormat format) noexcept {
  switch (format) {
    case ImageFormat::kJpeg: return "JPEG";
    case ImageFormat::kPng: return "PNG";
    case ImageFormat::kWebp: return "WebP";
    case ImageFormat::kGif: return "GIF";
    case ImageFormat::kBmp: return "BMP";
    case ImageFormat::kPnm: return "PNM";
    case ImageFormat::kTga: return "TGA";
  }
  return "?";
}

SHARPEYE_BODY ImageFormat image_format(std::string_view bytes, std::string_view name) {
  const auto starts = [bytes](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (starts("\xff\xd8")) return ImageFormat::kJpeg;
  if (starts("\x89PNG")) return ImageFormat::kPng;
  if (starts("GIF8")) return ImageFormat::kGif;
  if (starts("BM")) return ImageFormat::kBmp;
  if (starts("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return ImageFormat::kWebp;
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
      (bytes[2] == '#' || bytes[2] == ' ' || (bytes[2] >= '\t' && bytes[2] <= '\r'))) {
    return ImageFormat::kPnm;
  }
  constexpr std::string_view kZeros("\0\0\0", 3);
  std::string ending(name.substr(name.size() - (name.size() < 4 ? name.size() : 4)));
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  // The second byte of a TGA says whether it has a palette; in what is something else it is mostly a letter.
  if (ending == ".tga" && !bytes.empty() && (bytes.size() == 1 || bytes[1] == 0 || bytes[1] == 1)) {
    return ImageFormat::kTga;
  }
  if (ending == ".dib" && bytes.size() >= 4 && bytes[0] >= 12 && bytes[0] <= 124 && bytes.substr(1, 3) == kZeros) {
    return ImageFormat::kBmp;  // it begins with the size of its header
  }
  fail(ErrorCode::kUnsupported, name,
       ": expected a JPEG, PNG, WebP, GIF, BMP, PBM, PGM, PPM, PAM or (by its name) TGA file, actual ",
       describe_file(bytes), detail::advice_for_picture(bytes));
}

SHARPEYE_BODY ImageStructure read_image_structure(std::string_view bytes, std::string_view name,
                                                  std::uint64_t max_pixels) {
  switch (image_format(bytes, name)) {
    case ImageFormat::kJpeg: return read_jpeg_structure(bytes, name, max_pixels);
    case ImageFormat::kPng: return read_png_structure(bytes, name, max_pixels);
    case ImageFormat::kWebp: return read_webp_structure(bytes, name, max_pixels);
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
