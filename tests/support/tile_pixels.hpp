#pragma once

/// @file
/// The pixels that the golden file of idefics3_tiny is about.

#include <vector>

#include "sharpeye/vision/image_processor.hpp"
#include "support/image_golden.hpp"

namespace test {

/// How idefics3_tiny sees images: tiles of 32 pixels, 96 along the longer side.
inline sharpeye::ImageProcessorConfig tiny_tiling(bool split) {
  sharpeye::ImageProcessorConfig config;
  config.image_size = 32;
  config.mean = config.std = {0.5, 0.5, 0.5};
  config.tiling = sharpeye::TilingConfig{96, split};
  return config;
}

/// Of a picture of 50 x 37: nine tiles and the whole, or the whole alone. [3, 32, 32] each.
inline std::vector<std::vector<float>> tile_pixels(bool split) {
  const sharpeye::ImageProcessor processor(tiny_tiling(split));
  std::vector<std::vector<float>> pixels;
  for (const sharpeye::Image& square : processor.tiles(noise(50, 37)).squares) {
    pixels.push_back(processor.normalize(square));
  }
  return pixels;
}

}  // namespace test
