#pragma once

/// @file
/// The formats that are a header and then rows of pixels: BMP, PNM and TGA.

#include <array>
#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A Windows or OS/2 bitmap. The views lie inside the file's bytes.
struct BmpStructure : ImageStructure {
  enum class Coding { kPlain, kRle8, kRle4 };

  Coding coding = Coding::kPlain;
  unsigned bits = 0;                     ///< of one pixel: 1, 4, 8, 16, 24 or 32
  bool top_first = false;                ///< whether the top row comes first
  std::uint64_t stride = 0;              ///< bytes of a row, of plain pixels
  std::array<std::uint32_t, 3> masks{};  ///< of red, green, blue in 16 and 32 bits
  std::string_view palette;              ///< blue, green, red and with a step of 4 a spare byte
  unsigned palette_step = 4;             ///< bytes of one entry: 3 in OS/2's first version, else 4
  bool palette_complete = false;         ///< whether it has as many entries as the header says
  std::string_view pixels;               ///< all plain rows; or from the first code to the end of the file
  std::uint64_t pixels_at = 0;           ///< where they begin in the file
};

/// Checks a bitmap: any header from OS/2's first to BITMAPV5HEADER, plain, with bit fields, RLE8 or RLE4. Without a
/// file header it is what Windows calls a DIB.
/// @throws Error kFormat for a bad header or a truncated file; kUnsupported for other compression and for masks that
/// are not runs of bits; kLimit as declare_size().
BmpStructure read_bmp_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

/// A netpbm file.
struct PnmStructure : ImageStructure {
  unsigned channels = 1;      ///< samples of one pixel
  std::uint32_t maximum = 1;  ///< of a sample
  bool digits = false;        ///< samples are decimal numbers (P1, P2, P3)
  bool bits = false;          ///< samples are bits, and 1 is black (P1, P4)
  std::string_view samples;   ///< all of them; digits: to the end of the file
};

namespace detail {

inline bool is_pnm_blank(unsigned c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace detail

/// Checks a PBM, PGM, PPM (P1 to P6) or PAM (P7) file.
/// @throws Error kFormat for a bad header or a truncated file; kLimit as declare_size().
PnmStructure read_pnm_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

/// A Targa file.
struct TgaStructure : ImageStructure {
  bool indices = false;        ///< samples are indices into `palette`, or levels of grey without one
  bool runs = false;           ///< run-length coded
  bool from_right = false;     ///< a row's right pixel comes first
  bool top_first = false;      ///< the top row comes first
  unsigned bytes = 1;          ///< of one sample: 1 grey or index, 2 grey + alpha or 5-5-5, 3 and 4 colour
  bool gray = false;           ///< samples are levels of grey
  unsigned palette_start = 0;  ///< index of its first entry
  unsigned palette_bytes = 0;  ///< of one entry: 2, 3 or 4
  std::string_view palette;    ///< empty without one
  std::string_view samples;    ///< samples or packets
};

/// Checks a Targa file: grey of 8 bits or with 8 bits of alpha, palette, or colour of 15, 16, 24 or 32 bits, plain or
/// run-length coded.
/// @throws Error kFormat for a truncated file; kUnsupported for another kind, so also for most files that are no TGA
/// (the format has no signature); kLimit as declare_size().
TgaStructure read_tga_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/raster_structure.inl"
#endif
