// Where the squares that a tower sees lie in an image.

#include <doctest/doctest.h>

#include <cmath>

#include "sharpeye/vision/image_processor.hpp"

using namespace sharpeye;

namespace {

// Red grows along the rows and green down the columns, a whole number of levels a pixel.
Image ramp(Index width, Index height, int step) {
  Image image(width, height);
  for (Index y = 0; y < height; ++y) {
    for (Index x = 0; x < width; ++x) {
      image.row(y)[3 * x] = static_cast<std::uint8_t>(step * x);
      image.row(y)[3 * x + 1] = static_cast<std::uint8_t>(step * y);
      image.row(y)[3 * x + 2] = 77;
    }
  }
  return image;
}

// Each pixel of each square shows the part of the image that boxes() says: its levels tell where it comes from.
void check_boxes(const ImageProcessor& processor, const Image& image, int step) {
  const std::vector<PixelBox> boxes = processor.boxes({image.width(), image.height()});
  const ImageTiles tiles = processor.tiles(image);
  REQUIRE(boxes.size() == tiles.squares.size());
  const Index size = processor.config().image_size;
  Index checked = 0;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (Index row = 0; row < size; ++row) {
      for (Index column = 0; column < size; ++column) {
        const double x =
            boxes[i].left + (static_cast<double>(column) + 0.5) * boxes[i].width / static_cast<double>(size);
        const double y = boxes[i].top + (static_cast<double>(row) + 0.5) * boxes[i].height / static_cast<double>(size);
        // Filters reach over edges, where the ramp ends.
        const double margin = 4 + 3 * boxes[i].width / static_cast<double>(size);
        if (x < margin || y < margin || x > static_cast<double>(image.width()) - margin ||
            y > static_cast<double>(image.height()) - margin) {
          continue;
        }
        const std::uint8_t* pixel = tiles.squares[i].row(row) + 3 * column;
        const double expected_red = step * (x - 0.5), expected_green = step * (y - 0.5);
        if (std::abs(pixel[0] - expected_red) > 1.6 || std::abs(pixel[1] - expected_green) > 1.6 || pixel[2] != 77) {
          FAIL_CHECK("square " << i << ", row " << row << ", column " << column << ": expected " << expected_red << ", "
                               << expected_green << ", actual " << int{pixel[0]} << ", " << int{pixel[1]});
          return;
        }
        ++checked;
      }
    }
  }
  CHECK(checked > 50);
}

}  // namespace

TEST_CASE("boxes() is where the pixels of the squares come from") {
  for (const Aspect aspect : {Aspect::kPad, Aspect::kCrop, Aspect::kSquash}) {
    for (const auto& [width, height] : {std::pair<Index, Index>{120, 120}, {120, 71}, {64, 125}, {127, 90}}) {
      CAPTURE(static_cast<int>(aspect));
      CAPTURE(width);
      CAPTURE(height);
      ImageProcessorConfig config;
      config.image_size = 48;
      config.aspect = aspect;
      check_boxes(ImageProcessor(config), ramp(width, height, 2), 2);
    }
  }
}

TEST_CASE("boxes() of tiles") {
  for (const bool split : {true, false}) {
    for (const auto& [width, height] : {std::pair<Index, Index>{120, 90}, {60, 125}, {100, 100}}) {
      CAPTURE(split);
      CAPTURE(width);
      ImageProcessorConfig config;
      config.image_size = 64;
      config.tiling = TilingConfig{256, split};
      check_boxes(ImageProcessor(config), ramp(width, height, 2), 2);
    }
  }
}

TEST_CASE("padding lies outside of the image, and a crop inside") {
  ImageProcessorConfig config;
  config.image_size = 32;
  const PixelBox padded = ImageProcessor(config).boxes({100, 60})[0];
  CHECK(padded.left == 0);
  CHECK(padded.top == -20);
  CHECK(padded.width == 100);
  CHECK(padded.height == 100);
  config.aspect = Aspect::kCrop;
  const PixelBox cropped = ImageProcessor(config).boxes({100, 50})[0];
  CHECK(cropped.left == 25);
  CHECK(cropped.top == 0);
  CHECK(cropped.width == 50);
  CHECK(cropped.height == 50);
}
