#pragma once

/// @file
/// For frame_reader.inl: pixels of luma and colour differences as RGB.

#include <algorithm>
#include <cstdint>

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

/// BT.601 (ITU-R BT.601-7, 2.5.1, 2.5.3), 8 bits behind the point, as tables: a look-up each instead of a product.
class YuvTables {
 public:
  explicit YuvTables(bool is_full_range) {
    const int y_gain = is_full_range ? 256 : 298, black = is_full_range ? 0 : 16;
    const int rv = is_full_range ? 359 : 409, gu = is_full_range ? 88 : 100, gv = is_full_range ? 183 : 208,
              bu = is_full_range ? 454 : 516;
    for (int i = 0; i < 256; ++i) {
      luma_[i] = y_gain * (i - black) + 128;
      red_of_red_[i] = rv * (i - 128);
      green_of_blue_[i] = -gu * (i - 128);
      green_of_red_[i] = -gv * (i - 128);
      blue_of_blue_[i] = bu * (i - 128);
    }
    for (int i = 0; i < kLevels; ++i) level_[i] = static_cast<std::uint8_t>(std::clamp(i - kDarkest, 0, 255));
  }

  /// What the differences of one or two pixels add to their luma.
  struct Chroma {
    int red, green, blue;
  };
  Chroma chroma(unsigned char blue, unsigned char red) const noexcept {
    return {red_of_red_[red], green_of_blue_[blue] + green_of_red_[red], blue_of_blue_[blue]};
  }
  void put(std::uint8_t* pixel, unsigned char luma, const Chroma& chroma) const noexcept {
    const int y = luma_[luma] + (kDarkest << 8);
    pixel[0] = level_[(y + chroma.red) >> 8];
    pixel[1] = level_[(y + chroma.green) >> 8];
    pixel[2] = level_[(y + chroma.blue) >> 8];
  }

 private:
  // Levels reach from -277 to 534: luma at 0 or 255 and a difference at its end.
  static constexpr int kDarkest = 300, kLevels = 1024;

  int luma_[256], red_of_red_[256], green_of_blue_[256], green_of_red_[256], blue_of_blue_[256];
  std::uint8_t level_[kLevels];
};

inline Image to_image(const YuvPlanes& planes, Index width, Index height) {
  Image image(width, height);
  const YuvTables tables(planes.is_full_range);
  const auto byte = [](const char* from, Index i) { return static_cast<unsigned char>(from[i]); };
  for (Index y = 0; y < height; ++y) {
    std::uint8_t* row = image.row(y);
    const char* luma = planes.luma + y * planes.luma_stride;
    const Index chroma_row = (y >> planes.down_y) * planes.chroma_stride;
    YuvTables::Chroma chroma = tables.chroma(128, 128);
    if (planes.blue == nullptr || planes.down_x == 0) {
      for (Index x = 0; x < width; ++x) {
        const Index at = chroma_row + x * planes.step;
        if (planes.blue != nullptr) chroma = tables.chroma(byte(planes.blue, at), byte(planes.red, at));
        tables.put(row + 3 * x, byte(luma, x), chroma);
      }
      continue;
    }
    for (Index x = 0; x < width; x += 2) {  // two pixels share their differences
      const Index at = chroma_row + x / 2 * planes.step;
      chroma = tables.chroma(byte(planes.blue, at), byte(planes.red, at));
      tables.put(row + 3 * x, byte(luma, x), chroma);
      if (x + 1 < width) tables.put(row + 3 * x + 3, byte(luma, x + 1), chroma);
    }
  }
  return image;
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
