#pragma once

/// @file
/// Bicubic and Lanczos resizing of 8-bit images, equal to Pillow in every sample (libImaging/Resample.c): 13.0 or, on
/// request, its older versions.

#include <array>
#include <cstdint>
#include <vector>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Fraction bits of the fixed-point weights; with 8-bit samples and weights whose magnitudes sum to less than 2, every
/// sum fits 32 bits.
inline constexpr int kResampleBits = 22;

/// The cubic of Keys with a = -0.5: (a+2)|x|^3 - (a+3)|x|^2 + 1, then a|x|^3 - 5a|x|^2 + 8a|x| - 4a, zero from 2 on.
double bicubic_kernel(double x) noexcept;

/// Lanczos with three lobes: sinc(x) sinc(x / 3), zero from 3 on.
double lanczos_kernel(double x) noexcept;

/// What a sample is weighted by. Both kernels' magnitudes sum to less than 2 over any grid.
enum class ResampleFilter { kBicubic, kLanczos };

/// One axis of a resize: a canvas of `canvas` samples becomes `resized` samples, of which `crop` from `crop_start` on
/// are wanted. The image covers the canvas from `offset` on, a constant colour the rest.
struct AxisGeometry {
  Index image, offset, canvas, resized, crop_start, crop;
};

/// The fixed-point weights of one axis. Output i is the sum of `weights[j]` times image sample `first[i] + j -
/// begin[i]` for `begin[i] <= j < begin[i + 1]`, plus `outside[i]` times the constant colour.
struct ResampleAxis {
  explicit ResampleAxis(const AxisGeometry& axis, ResampleFilter filter = ResampleFilter::kBicubic);

  std::size_t size() const noexcept { return outside.size(); }
  /// One past the last image sample that output i needs.
  Index last(std::size_t i) const noexcept { return first[i] + begin[i + 1] - begin[i]; }

  std::vector<Index> first, begin;
  std::vector<std::int32_t> weights, outside;
};

/// The horizontal pass over one RGB row [3 * image width] -> [3 * axis.size()].
void resample_row(const std::uint8_t* row, const ResampleAxis& axis, const std::array<std::uint8_t, 3>& fill,
                  std::uint8_t* destination) noexcept;

/// Which axis is resized first. Between the passes stand 8-bit samples, so that the orders differ by some levels.
enum class PassOrder {
  kByShape,          ///< as Pillow 13: down the columns first if the height shrinks, by more than twice the width
  kHorizontalFirst,  ///< as Pillow up to 12: always along the rows first
};

/// Resizes by the bicubic filter the canvas that `horizontal` and `vertical` describe, with `view` placed on it, and
/// returns the crop [vertical.crop, horizontal.crop, 3]. The result equals pasting, resizing (one axis to 8 bits, then
/// the other) and cropping, but neither the canvas nor the whole resized image is ever stored: memory and time depend
/// on the image and the crop only.
/// @throws Error kInvalidArgument as check(ImageView), or when a crop is empty or above kMaxImageSide.
Image resize_bicubic(const ImageView& view, const AxisGeometry& horizontal, const AxisGeometry& vertical,
                     const std::array<std::uint8_t, 3>& fill, PassOrder order = PassOrder::kByShape);

/// The whole image, resized.
/// @throws Error kInvalidArgument unless both sides are 1 to kMaxImageSide pixels, and as check(ImageView).
Image resize_bicubic(const ImageView& view, Index width, Index height, PassOrder order = PassOrder::kByShape);

/// As above by the Lanczos filter.
Image resize_lanczos(const ImageView& view, Index width, Index height, PassOrder order = PassOrder::kByShape);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/vision/resize.inl"
#endif
