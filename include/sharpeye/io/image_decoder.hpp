#pragma once

/// @file
/// From the bytes of an image file to pixels: what is checked before decoding, and the interface of decoders.

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/image.hpp"
#include "sharpeye/io/exif.hpp"
#include "sharpeye/io/gif_structure.hpp"
#include "sharpeye/io/jpeg_structure.hpp"
#include "sharpeye/io/png_structure.hpp"
#include "sharpeye/io/raster_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a caller may choose about decoding.
struct DecodeOptions {
  std::uint64_t max_pixels = std::uint64_t{64} << 20;  ///< refuse larger images: 67,108,864 pixels
  bool apply_exif = true;  ///< turn the picture upright; false: as Python's PIL.Image.open leaves it
};

/// Recognises a file by its first bytes, or as TGA by a name that ends in ".tga", for TGA has no signature; then checks
/// its framing without decoding a pixel.
/// @throws Error kUnsupported for an unknown format, otherwise as the format's read_*_structure.
inline ImageStructure read_image_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  const auto starts = [bytes](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (starts("\xff\xd8")) return read_jpeg_structure(bytes, name, max_pixels);
  if (starts("\x89PNG")) return read_png_structure(bytes, name, max_pixels);
  if (starts("GIF8")) return read_gif_structure(bytes, name, max_pixels);
  if (starts("BM")) return read_bmp_structure(bytes, name, max_pixels);
  if (starts("P5") || starts("P6")) return read_pnm_structure(bytes, name, max_pixels);
  std::string ending(name.substr(name.size() - (name.size() < 4 ? name.size() : 4)));
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  require(ending == ".tga", ErrorCode::kUnsupported, name,
          ": expected a JPEG, PNG, GIF, BMP, PGM, PPM or (by its name) TGA file");
  return read_tga_structure(bytes, name, max_pixels);
}

/// Turns the bytes of an image file into RGB pixels. Implementations have no mutable state: one object serves any
/// number of threads.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;

  /// Decodes the first picture of a file: grey is replicated, alpha is dropped and not composited, of 16 bits the high
  /// eight are kept. `name` stands in error texts and tells a TGA.
  /// @throws Error kFormat, kUnsupported or kLimit.
  virtual Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const = 0;
};

/// The largest image file that read_image reads: 256 MiB, above a PPM of the default pixel budget.
inline constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{256} << 20;

/// Reads and decodes one file.
/// @throws Error kFileNotFound, kFileAccess, kLimit for a file above kMaxImageFileBytes, and as ImageDecoder::decode.
inline Image read_image(const std::string& path, const ImageDecoder& decoder, const DecodeOptions& options = {}) {
  return decoder.decode(read_file(path, kMaxImageFileBytes), path, options);
}

SHARPEYE_NAMESPACE_END
