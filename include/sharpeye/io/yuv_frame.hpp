#pragma once

/// @file
/// For frame_reader.inl: pixels of luma and colour differences as RGB.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Where a frame's three planes are. Blue and red differences of (x, y) stand at [y >> down_y][(x >> down_x) * step];
/// of a grey frame they are null.
struct YuvPlanes {
  const char *luma, *blue, *red;
  Index luma_stride, chroma_stride, step;
  int down_x, down_y;
  bool is_full_range;
};

/// A row's pixels so many at a time. Loops of fixed length are turned into vector code without being asked (by g++ 12
/// at -O2, for plain x86-64 too), which takes half of the time of tables.
inline constexpr int kYuvBlock = 32;

/// BT.601 (ITU-R BT.601-7, 2.5.1, 2.5.3), 8 bits behind the point: red is (298 * y + 409 * v + 128) >> 8, held in 0 to
/// 255, with y = luma - 16 and v = difference - 128.
///
/// Whole multiples of 256 are taken out of the factors, 409 * v >> 8 = v + (153 * v >> 8), so that each sum fits 16
/// bits.
class YuvConverter {
 public:
  /// What the differences of a block add to its luma: behind the point, and before it.
  struct Chroma {
    std::int16_t red[kYuvBlock], green[kYuvBlock], blue[kYuvBlock], whole_red[kYuvBlock], whole_blue[kYuvBlock];
  };

  explicit YuvConverter(bool is_full_range) : of_(is_full_range ? kFull : kStudio) {}

  /// @param blue, red differences, one for each pixel [kYuvBlock]
  void differences(const std::uint8_t* blue, const std::uint8_t* red, Chroma& chroma) const noexcept {
    const Factors of = of_;
    for (int i = 0; i < kYuvBlock; ++i) {
      const auto u = static_cast<std::int16_t>(blue[i] - 128), v = static_cast<std::int16_t>(red[i] - 128);
      chroma.red[i] = static_cast<std::int16_t>(of.red_of_red * v + 128);
      chroma.green[i] = static_cast<std::int16_t>(of.green_of_blue * u + of.green_of_red * v + 128);
      chroma.blue[i] = static_cast<std::int16_t>(of.blue_of_blue * u + 128);
      chroma.whole_red[i] = v;
      chroma.whole_blue[i] = static_cast<std::int16_t>(2 * u);
    }
  }

  /// @param luma [kYuvBlock] @param rgb [kYuvBlock, 3]
  void pixels(const std::uint8_t* luma, const Chroma& chroma, std::uint8_t* rgb) const noexcept {
    const Factors of = of_;
    std::uint8_t lumas[kYuvBlock];  // a copy, which the compiler knows to be nothing that is written here
    std::memcpy(lumas, luma, sizeof lumas);
    std::uint32_t words[kYuvBlock];
    for (int i = 0; i < kYuvBlock; ++i) {
      const auto y = static_cast<std::int16_t>(lumas[i] - of.black);
      const auto part = static_cast<std::int16_t>(of.luma * y);
      const auto r = level(part, chroma.red[i], static_cast<std::int16_t>(y + chroma.whole_red[i]));
      const auto g = level(part, chroma.green[i], static_cast<std::int16_t>(y - chroma.whole_red[i]));
      const auto b = level(part, chroma.blue[i], static_cast<std::int16_t>(y + chroma.whole_blue[i]));
      words[i] = static_cast<std::uint32_t>(r | g << 8) | static_cast<std::uint32_t>(b) << 16;
    }
    // Four bytes at once, the fourth of which is overwritten by the next pixel.
    for (int i = 0; i + 1 < kYuvBlock; ++i) std::memcpy(rgb + 3 * i, &words[i], 4);
    std::memcpy(rgb + 3 * (kYuvBlock - 1), &words[kYuvBlock - 1], 3);
  }

 private:
  struct Factors {
    std::int16_t black, luma, red_of_red, green_of_blue, green_of_red, blue_of_blue;
  };
  // 298, 409, -100, -208, 516; in full range 256, 359, -88, -183, 454.
  static constexpr Factors kStudio{16, 298 - 256, 409 - 256, -100, 256 - 208, 516 - 512};
  static constexpr Factors kFull{0, 0, 359 - 256, -88, 256 - 183, 454 - 512};

  static std::int16_t level(std::int16_t part, std::int16_t difference, std::int16_t whole) noexcept {
    const auto sum = static_cast<std::int16_t>(part + difference);
    return std::clamp<std::int16_t>(static_cast<std::int16_t>((sum >> 8) + whole), 0, 255);
  }

  Factors of_;
};

// Differences for each pixel of a block.

inline void take_each(const std::uint8_t* from_blue, const std::uint8_t* from_red, std::uint8_t* blue,
                      std::uint8_t* red) noexcept {
  std::memcpy(blue, from_blue, kYuvBlock);
  std::memcpy(red, from_red, kYuvBlock);
}

// Each for two pixels. Two equal bytes are one word: single bytes could not be read again as vectors without a wait.
inline void take_twice(const std::uint8_t* from_blue, const std::uint8_t* from_red, std::uint8_t* blue,
                       std::uint8_t* red) noexcept {
  std::uint16_t blues[kYuvBlock / 2], reds[kYuvBlock / 2];
  for (int i = 0; i < kYuvBlock / 2; ++i) blues[i] = static_cast<std::uint16_t>(257 * from_blue[i]);
  for (int i = 0; i < kYuvBlock / 2; ++i) reds[i] = static_cast<std::uint16_t>(257 * from_red[i]);
  std::memcpy(blue, blues, sizeof blues);
  std::memcpy(red, reds, sizeof reds);
}

// Each for two pixels, blue and red in turns.
inline void take_pairs(const std::uint8_t* from, const std::uint8_t*, std::uint8_t* blue, std::uint8_t* red) noexcept {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blue is the lower byte of a pair");
  std::uint16_t pairs[kYuvBlock / 2], blues[kYuvBlock / 2], reds[kYuvBlock / 2];
  std::memcpy(pairs, from, sizeof pairs);
  for (int i = 0; i < kYuvBlock / 2; ++i) {
    blues[i] = static_cast<std::uint16_t>(257 * (pairs[i] & 255));
    reds[i] = static_cast<std::uint16_t>(257 * (pairs[i] >> 8));
  }
  std::memcpy(blue, blues, sizeof blues);
  std::memcpy(red, reds, sizeof reds);
}

/// Writes a frame of the image's size to it.
inline void convert_frame(const YuvPlanes& planes, Image& image) {
  const Index width = image.width(), height = image.height();
  const YuvConverter convert(planes.is_full_range);
  const auto take = planes.down_x == 0 ? take_each : planes.step == 1 ? take_twice : take_pairs;
  const auto chroma_at = [&](Index x) { return (x >> planes.down_x) * planes.step; };
  const auto bytes = [](const char* from) { return reinterpret_cast<const std::uint8_t*>(from); };
  const bool is_grey = planes.blue == nullptr;
  std::uint8_t luma[kYuvBlock] = {}, blue[kYuvBlock], red[kYuvBlock], rgb[3 * kYuvBlock];
  std::fill_n(blue, kYuvBlock, std::uint8_t{128});
  std::fill_n(red, kYuvBlock, std::uint8_t{128});
  YuvConverter::Chroma chroma;
  convert.differences(blue, red, chroma);
  for (Index y = 0; y < height; y += Index{1} << planes.down_y) {  // one or two rows, which share their differences
    const Index rows_end = std::min(height, y + (Index{1} << planes.down_y));
    const Index chroma_row = (y >> planes.down_y) * planes.chroma_stride;
    const std::uint8_t* blue_row = is_grey ? nullptr : bytes(planes.blue) + chroma_row;
    const std::uint8_t* red_row = is_grey ? nullptr : bytes(planes.red) + chroma_row;
    for (Index x = 0; x < width; x += kYuvBlock) {
      const Index count = std::min<Index>(kYuvBlock, width - x);
      const bool is_whole = count == kYuvBlock;
      if (!is_grey) {
        if (is_whole) {
          take(blue_row + chroma_at(x), red_row + chroma_at(x), blue, red);
        } else {
          for (Index i = 0; i < count; ++i) blue[i] = blue_row[chroma_at(x + i)];
          for (Index i = 0; i < count; ++i) red[i] = red_row[chroma_at(x + i)];
        }
        convert.differences(blue, red, chroma);
      }
      for (Index row = y; row < rows_end; ++row) {
        const std::uint8_t* from = bytes(planes.luma) + row * planes.luma_stride + x;
        std::uint8_t* to = image.row(row) + 3 * x;
        if (is_whole) {
          convert.pixels(from, chroma, to);
        } else {
          std::copy_n(from, count, luma);
          convert.pixels(luma, chroma, rgb);
          std::copy_n(rgb, 3 * count, to);
        }
      }
    }
  }
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
