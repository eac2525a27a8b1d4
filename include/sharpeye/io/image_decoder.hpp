#pragma once

/// @file
/// The interface of image decoders, what is checked before decoding, and reading a file.
///
/// Adding a decoder is one file with a class that is an ImageDecoder (stb_image_decoder.hpp is one) and one line in the
/// list of image_decoders.inl. A decoder of a format that is new also needs its name in ImageFormat, its first bytes in
/// image_format(), and a reader of its structure. A decoder
///   - calls read_image_structure() or its format's read_*_structure() first: nothing is allocated before the size is
///     known to be within max_pixels, and a truncated file is an error instead of an image with a grey rest;
///   - returns RGB as stored, and the orientation beside it: ImageProcessor turns the picture (upright());
///   - has no mutable state, and gives the same pixels for the same bytes every time.

#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/core/image.hpp"
#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a caller may choose about decoding.
struct DecodeOptions {
  std::uint64_t max_pixels = std::uint64_t{64} << 20;  ///< refuse larger images: 67,108,864 pixels
};

/// The format's name, for example "JPEG".
const char* to_string(ImageFormat format) noexcept;

/// The format of a file by its first bytes; of TGA, and of a BMP without its file header, which have no signature, by a
/// name that ends in ".tga" or ".dib".
/// @throws Error kUnsupported for every other file, with what it is (describe_file).
ImageFormat image_format(std::string_view bytes, std::string_view name);

/// Recognises a file, then checks its framing without decoding a pixel.
/// @throws Error as image_format() and the format's read_*_structure.
ImageStructure read_image_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

/// Turns the bytes of an image file into RGB pixels. Implementations have no mutable state: one object serves any
/// number of threads.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;

  /// Whether decode() knows this format.
  virtual bool can_decode(ImageFormat format) const noexcept = 0;

  /// What decodes, for example "libjpeg-turbo 2.1.5"; for `sharpeye info --decoders`.
  virtual std::string library() const = 0;

  /// Decodes the first picture of a file: grey is replicated, alpha is dropped and not composited, of 16 bits in a PNG
  /// the high eight are kept. The pixels are those of the file, not turned; Image::orientation() says how to. `name`
  /// stands in error texts and tells a TGA.
  /// @throws Error kFormat, kUnsupported or kLimit.
  virtual Image decode(std::string_view bytes, std::string_view name, const DecodeOptions& options = {}) const = 0;
};

/// The largest image file that read_image reads: 256 MiB, above a PPM of the default pixel budget.
inline constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{256} << 20;

/// Reads and decodes one file.
/// @throws Error kFileNotFound, kFileAccess, kLimit for a file above kMaxImageFileBytes, and as ImageDecoder::decode.
Image read_image(const std::string& path, const ImageDecoder& decoder, const DecodeOptions& options = {});

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/image_decoder.inl"
#endif
