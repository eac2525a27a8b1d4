#pragma once

/// @file
/// An image cut into square tiles beside a view of the whole, as Hugging Face's Idefics3ImageProcessorPil does it, to
/// the sample.

#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/vision/resize.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How an image is split. Whatever its size, it is first resized so that its longer side is `longest_edge`.
struct TilingConfig {
  Index longest_edge = 2048;  ///< `size`, pixels
  bool split = true;          ///< `do_image_splitting`; false: the whole image as one square
};

/// The longest edge may be this (Hugging Face scales down what is longer), and there may be this many tiles in a row or
/// column.
inline constexpr Index kMaxLongestEdge = 4096;
inline constexpr Index kMaxTilesInRow = 16;

/// What the vision tower sees of one image: tiles row after row and then the whole image; or the whole image alone, and
/// no rows and columns.
struct ImageTiles {
  Index rows = 0, columns = 0;
  std::vector<Image> squares;  ///< [rows * columns + 1]
};

/// Width and height in pixels.
struct ImageSize {
  Index width, height;
};

/// The size of an image whose longer side becomes `longest_edge`; the other is truncated, and made even.
ImageSize scaled_to_longest_edge(const ImageSize& image, Index longest_edge);

/// The size that whole tiles cover: the longer side rounded up, the other one in proportion and then rounded up.
ImageSize rounded_to_tiles(const ImageSize& image, Index tile_size);

/// The squares [tile_size, tile_size, 3] of an image, as stored, by Lanczos. Where an image becomes no larger than a
/// tile there is one square.
/// @throws Error kInvalidArgument as check(ImageView)
ImageTiles make_tiles(const ImageView& view, Index tile_size, const TilingConfig& config,
                      PassOrder order = PassOrder::kByShape);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/vision/image_tiles.inl"
#endif
