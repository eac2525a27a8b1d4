#pragma once

/// @file
/// From pixels to the input of the vision tower, as Hugging Face's CLIPImageProcessor and Idefics3ImageProcessor with
/// Pillow do it.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/vision/image_tiles.hpp"
#include "sharpeye/vision/resize.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How an image that is not square becomes square.
enum class Aspect {
  kPad,     ///< centre it on a square of the mean colour, then resize (LLaVA, MM-SeR)
  kCrop,    ///< resize the shorter side, then cut the centre out (CLIP, HF's LLaVA processor)
  kSquash,  ///< resize both sides, ignoring the ratio
};

/// The settings of an ImageProcessor; defaults are those of CLIP ViT-L/14-336.
struct ImageProcessorConfig {
  Index image_size = 336;  ///< side of the result, pixels
  Aspect aspect = Aspect::kPad;
  std::optional<TilingConfig> tiling;  ///< instead of `aspect`: Lanczos, and one or more squares
  bool apply_exif = true;  ///< turn images upright first; false: take them as stored, as Python's PIL.Image.open does
  PassOrder pass_order = PassOrder::kByShape;  ///< as the newest Pillow; kHorizontalFirst: as Pillow before 13
  double rescale_factor = 1.0 / 255;
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};  ///< red, green, blue, in [0, 1]
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};  ///< red, green, blue, positive

  /// The colour around a padded image: int(255 * mean), truncated.
  std::array<std::uint8_t, 3> fill() const noexcept;
};

/// @throws Error kConfig unless image_size is 1 to 4096, the tiles are within their limits, the factor is finite, means
/// are in [0, 1], and deviations are finite and positive.
void check(const ImageProcessorConfig& config);

/// A rectangle in an image, in pixels from its top left corner.
struct PixelBox {
  double left, top, width, height;
};

/// Turns upright, resizes to a square and normalises. Immutable: one object serves any number of threads.
class ImageProcessor {
 public:
  /// @throws Error kConfig as check(ImageProcessorConfig).
  explicit ImageProcessor(const ImageProcessorConfig& config = {});

  const ImageProcessorConfig& config() const noexcept { return config_; }

  /// The 8-bit square [image_size, image_size, 3]: of the whole image, where there are tiles.
  /// @throws Error kInvalidArgument as check(ImageView).
  Image resize(const ImageView& view) const;

  /// The normalised square, channels first: (rescale_factor * level - mean) / std, [3, image_size, image_size].
  /// @throws Error kInvalidArgument as check(ImageView).
  std::vector<float> operator()(const ImageView& view) const;

  /// The 8-bit squares that the tower sees: one, or with `tiling` the tiles and the whole image.
  /// @throws Error kInvalidArgument as check(ImageView).
  ImageTiles tiles(const ImageView& view) const;

  /// Where the squares of tiles() lie in an image, turned upright if it is, of this size: what their edges show.
  /// Padding lies outside of the image.
  std::vector<PixelBox> boxes(const ImageSize& image) const;

  /// A square [image_size, image_size, 3], normalised and with channels first.
  std::vector<float> normalize(const Image& square) const;

 private:
  // how one side of an image becomes a side of the square
  AxisGeometry axis(Index image, Index other) const;

  ImageProcessorConfig config_;
  std::array<std::array<float, 256>, 3> normalized_{};
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/vision/image_processor.inl"
#endif
