// Tiles against transformers 5.24's Idefics3ImageProcessorPil (tests/reference/make_tile_goldens.py).

#include "sharpeye/vision/image_tiles.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "sharpeye/vision/image_processor.hpp"
#include "support/image_golden.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

ImageProcessorConfig tiling_config(Index tile_size, Index longest_edge, bool split) {
  ImageProcessorConfig config;
  config.image_size = tile_size;
  config.mean = config.std = {0.5, 0.5, 0.5};
  config.tiling = TilingConfig{longest_edge, split};
  return config;
}

}  // namespace

TEST_CASE("tiles equal Hugging Face's in every bit: sizes, rows, columns and values") {
  std::ifstream file(test::fixture("vision/tiles.txt"));
  int cases = 0;
  Index width, height, tile_size, longest_edge, rows, columns;
  bool split;
  for (std::uint64_t expected; file >> std::dec >> width >> height >> tile_size >> longest_edge >> split >> rows >>
                               columns >> std::hex >> expected;
       ++cases) {
    CAPTURE(width);
    CAPTURE(height);
    CAPTURE(tile_size);
    CAPTURE(split);
    const ImageProcessor processor(tiling_config(tile_size, longest_edge, split));
    const ImageTiles tiles = processor.tiles(test::noise(width, height));
    CHECK(tiles.rows == rows);
    CHECK(tiles.columns == columns);
    std::uint64_t hash = 0, place = 0;
    for (const Image& square : tiles.squares) {
      for (const float value : processor.normalize(square)) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, 4);
        hash += (std::uint64_t{bits} + 1) * (++place * 0x9E3779B97F4A7C15u);
      }
    }
    CHECK(hash == expected);
  }
  CHECK(cases == 408);
}

TEST_CASE("without splitting the whole image is the only square, also for those who ask for one") {
  const Image image = test::noise(61, 40);
  const ImageProcessor split(tiling_config(16, 64, true)), whole(tiling_config(16, 64, false));
  CHECK(split.tiles(image).squares.size() == 13);
  CHECK(whole.tiles(image).squares.size() == 1);
  CHECK(split(image) == whole(image));
  CHECK(split(image) == whole.normalize(whole.tiles(image).squares.front()));
  ImageView turned = image;
  turned.orientation = 6;
  CHECK(split.tiles(turned).rows == 4);
  CHECK(split.tiles(turned).columns == 3);
  CHECK(whole(turned) == whole(upright(turned)));
}

TEST_CASE("an image processor without tiling has one square") {
  const ImageProcessor processor;
  const ImageTiles tiles = processor.tiles(test::noise(30, 20));
  CHECK(tiles.rows == 0);
  CHECK(processor.normalize(tiles.squares.at(0)) == processor(test::noise(30, 20)));
}

TEST_CASE("tiles out of range are refused") {
  CHECK_THROWS_AS(ImageProcessor(tiling_config(16, 0, true)), Error);
  CHECK_THROWS_AS(ImageProcessor(tiling_config(1024, 4097, true)), Error);
  CHECK_THROWS_AS(ImageProcessor(tiling_config(16, 257, true)), Error);
  CHECK_NOTHROW(ImageProcessor(tiling_config(16, 256, true)));
}
