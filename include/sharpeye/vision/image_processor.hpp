#pragma once

/// @file
/// From pixels to the input of the vision tower, as Hugging Face's CLIPImageProcessor with Pillow does it.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sharpeye/vision/resize.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How an image that is not square becomes square.
enum class Aspect {
  kPad,     ///< stand it in the middle of a square filled with the mean colour, then resize (LLaVA, MM-SeR)
  kCrop,    ///< resize the shorter side, then cut the centre out (CLIP, HF's LLaVA processor)
  kSquash,  ///< resize both sides, ignoring the ratio
};

/// The settings of an ImageProcessor; defaults are those of CLIP ViT-L/14-336.
struct ImageProcessorConfig {
  Index image_size = 336;  ///< side of the result, pixels
  Aspect aspect = Aspect::kPad;
  double rescale_factor = 1.0 / 255;
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};  ///< red, green, blue, in [0, 1]
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};  ///< red, green, blue, positive

  /// The colour around a padded image: int(255 * mean), truncated.
  std::array<std::uint8_t, 3> fill() const noexcept {
    const auto level = [](double value) { return static_cast<std::uint8_t>(255 * value); };
    return {level(mean[0]), level(mean[1]), level(mean[2])};
  }
};

/// @throws Error kConfig unless image_size is 1 to 4096, the factor is finite, means are in [0, 1], and deviations are
/// finite and positive.
inline void check(const ImageProcessorConfig& config) {
  require(config.image_size >= 1 && config.image_size <= 4096, ErrorCode::kConfig,
          "image_size: expected 1 to 4096, actual ", config.image_size);
  require(config.aspect == Aspect::kPad || config.aspect == Aspect::kCrop || config.aspect == Aspect::kSquash,
          ErrorCode::kConfig, "aspect: expected pad, crop or squash, actual ", static_cast<int>(config.aspect));
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

/// Resizes to a square and normalises. Immutable: one object serves any number of threads.
class ImageProcessor {
 public:
  /// @throws Error kConfig as check(ImageProcessorConfig).
  explicit ImageProcessor(const ImageProcessorConfig& config = {}) : config_(config) {
    check(config_);
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t level = 0; level < 256; ++level) {
        // The reference multiplies in double, rounds to float, and continues in float.
        const auto rescaled = static_cast<float>(static_cast<double>(level) * config_.rescale_factor);
        normalized_[c][level] = (rescaled - static_cast<float>(config_.mean[c])) / static_cast<float>(config_.std[c]);
      }
    }
  }

  const ImageProcessorConfig& config() const noexcept { return config_; }

  /// The 8-bit square [image_size, image_size, 3].
  /// @throws Error kInvalidArgument as check(ImageView).
  Image resize(const ImageView& view) const {
    check(view);
    const Index size = config_.image_size, side = std::max(view.width, view.height);
    const auto axis = [&](Index image, Index other) -> AxisGeometry {
      if (config_.aspect == Aspect::kPad) return {image, (side - image) / 2, side, size, 0, size};
      // The longer side of a crop is int(size * long / short), as in the reference.
      const Index resized = config_.aspect == Aspect::kCrop && image > other ? size * image / other : size;
      return {image, 0, image, resized, (resized - size) / 2, size};
    };
    return resize_bicubic(view, axis(view.width, view.height), axis(view.height, view.width), config_.fill());
  }

  /// The normalised square, channels first: (rescale_factor * level - mean) / std, [3, image_size, image_size].
  /// @throws Error kInvalidArgument as check(ImageView).
  std::vector<float> operator()(const ImageView& view) const {
    const Image square = resize(view);
    const std::size_t pixels = square.pixels().size() / 3;
    std::vector<float> values(3 * pixels);
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < pixels; ++i) values[c * pixels + i] = normalized_[c][square.pixels()[3 * i + c]];
    }
    return values;
  }

 private:
  ImageProcessorConfig config_;
  std::array<std::array<float, 256>, 3> normalized_{};
};

SHARPEYE_NAMESPACE_END
