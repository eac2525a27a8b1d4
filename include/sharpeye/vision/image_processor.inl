#pragma once

/// @file
/// Bodies of image_processor.hpp.

#include "sharpeye/vision/image_processor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::array<std::uint8_t, 3> ImageProcessorConfig::fill() const noexcept {
  const auto level = [](double value) { return static_cast<std::uint8_t>(255 * value); };
  return {level(mean[0]), level(mean[1]), level(mean[2])};
}

SHARPEYE_BODY void check(const ImageProcessorConfig& config) {
  require(config.image_size >= 1 && config.image_size <= 4096, ErrorCode::kConfig,
          "image_size: expected 1 to 4096, actual ", config.image_size);
  require(config.aspect == Aspect::kPad || config.aspect == Aspect::kCrop || config.aspect == Aspect::kSquash,
          ErrorCode::kConfig, "aspect: expected pad, crop or squash, actual ", static_cast<int>(config.aspect));
  if (config.tiling) {
    const Index edge = config.tiling->longest_edge;
    require(edge >= 1 && edge <= kMaxLongestEdge, ErrorCode::kConfig, "size.longest_edge: expected 1 to ",
            kMaxLongestEdge, ", actual ", edge);
    require((edge - 1) / config.image_size < kMaxTilesInRow, ErrorCode::kConfig, "size.longest_edge: expected at most ",
            kMaxTilesInRow, " tiles of ", config.image_size, ", actual ", edge);
  }
  require(std::isfinite(config.rescale_factor), ErrorCode::kConfig, "rescale_factor: expected a finite number, actual ",
          config.rescale_factor);
  for (const double mean : config.mean) {
    require(mean >= 0 && mean <= 1, ErrorCode::kConfig, "image_mean: expected 0 to 1, actual ", mean);
  }
  for (const double std : config.std) {  // as float: it is divided by in that type
    require(static_cast<float>(std) > 0 && std::isfinite(static_cast<float>(std)), ErrorCode::kConfig,
            "image_std: expected a positive number, actual ", std);
  }
}

SHARPEYE_BODY ImageProcessor::ImageProcessor(const ImageProcessorConfig& config) : config_(config) {
  check(config_);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t level = 0; level < 256; ++level) {
      // The reference multiplies in double, rounds to float, and continues in float.
      const auto rescaled = static_cast<float>(static_cast<double>(level) * config_.rescale_factor);
      normalized_[c][level] = (rescaled - static_cast<float>(config_.mean[c])) / static_cast<float>(config_.std[c]);
    }
  }
}

SHARPEYE_BODY Image ImageProcessor::resize(const ImageView& view) const {
  if (config_.apply_exif && view.orientation != 1) return resize(upright(view));
  check(view);
  if (config_.tiling) {
    const TilingConfig whole{config_.tiling->longest_edge, false};
    return make_tiles(view, config_.image_size, whole, config_.pass_order).squares.front();
  }
  return resize_bicubic(view, axis(view.width, view.height), axis(view.height, view.width), config_.fill(),
                        config_.pass_order);
}

SHARPEYE_BODY AxisGeometry ImageProcessor::axis(Index image, Index other) const {
  const Index size = config_.image_size, side = std::max(image, other);
  if (config_.aspect == Aspect::kPad) return {image, (side - image) / 2, side, size, 0, size};
  // The longer side of a crop is int(size * long / short), as in the reference.
  const Index resized = config_.aspect == Aspect::kCrop && image > other ? size * image / other : size;
  return {image, 0, image, resized, (resized - size) / 2, size};
}

SHARPEYE_BODY std::vector<PixelBox> ImageProcessor::boxes(const ImageSize& image) const {
  const auto width = static_cast<double>(image.width), height = static_cast<double>(image.height);
  std::vector<PixelBox> boxes;
  if (config_.tiling) {
    const TilingConfig& tiling = *config_.tiling;
    const ImageSize covered = rounded_to_tiles(scaled_to_longest_edge(image, tiling.longest_edge), config_.image_size);
    const Index rows = covered.height / config_.image_size, columns = covered.width / config_.image_size;
    for (Index tile = 0; tiling.split && rows * columns > 1 && tile < rows * columns; ++tile) {
      const double tile_width = width / static_cast<double>(columns), tile_height = height / static_cast<double>(rows);
      const Index column = tile % columns, row = tile / columns;
      boxes.push_back(
          {static_cast<double>(column) * tile_width, static_cast<double>(row) * tile_height, tile_width, tile_height});
    }
    boxes.push_back({0, 0, width, height});
    return boxes;
  }
  const auto range = [](const AxisGeometry& axis) {  // begin and length, in samples of the image
    const double scale = static_cast<double>(axis.canvas) / static_cast<double>(axis.resized);
    return std::pair(static_cast<double>(axis.crop_start) * scale - static_cast<double>(axis.offset),
                     static_cast<double>(axis.crop) * scale);
  };
  const auto [left, across] = range(axis(image.width, image.height));
  const auto [top, down] = range(axis(image.height, image.width));
  boxes.push_back({left, top, across, down});
  return boxes;
}

SHARPEYE_BODY std::vector<float> ImageProcessor::operator()(const ImageView& view) const {
  return normalize(resize(view));
}

SHARPEYE_BODY ImageTiles ImageProcessor::tiles(const ImageView& view) const {
  if (config_.apply_exif && view.orientation != 1) return tiles(upright(view));
  if (config_.tiling) return make_tiles(view, config_.image_size, *config_.tiling, config_.pass_order);
  ImageTiles one;
  one.squares.push_back(resize(view));
  return one;
}

SHARPEYE_BODY std::vector<float> ImageProcessor::normalize(const Image& square) const {
  const std::size_t pixels = square.pixels().size() / 3;
  std::vector<float> values(3 * pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < pixels; ++i) values[c * pixels + i] = normalized_[c][square.pixels()[3 * i + c]];
  }
  return values;
}

SHARPEYE_NAMESPACE_END
