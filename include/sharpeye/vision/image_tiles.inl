#pragma once

/// @file
/// Bodies of image_tiles.hpp. Sizes are computed in double and truncated as in the reference: other arithmetic gives
/// other sizes for some images.

#include "sharpeye/vision/image_tiles.hpp"

#include <algorithm>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline double aspect_ratio(const ImageSize& size) {
  return static_cast<double>(size.width) / static_cast<double>(size.height);
}

/// One square of `image`, in place.
inline ImageView tile_of(const Image& image, Index left, Index top, Index size) {
  return {image.row(top) + 3 * left, size, size, 3 * image.width()};
}

}  // namespace detail

SHARPEYE_BODY ImageSize scaled_to_longest_edge(const ImageSize& image, Index longest_edge) {
  const double ratio = detail::aspect_ratio(image), edge = static_cast<double>(longest_edge);
  const bool is_wide = image.width >= image.height;
  Index shorter = static_cast<Index>(is_wide ? edge / ratio : edge * ratio);
  shorter = std::max(Index{1}, shorter + shorter % 2);
  return is_wide ? ImageSize{longest_edge, shorter} : ImageSize{shorter, longest_edge};
}

SHARPEYE_BODY ImageSize rounded_to_tiles(const ImageSize& image, Index tile_size) {
  const double ratio = detail::aspect_ratio(image);
  const bool is_wide = image.width >= image.height;
  const auto round_up = [&](Index side) { return (side + tile_size - 1) / tile_size * tile_size; };
  const Index longer = round_up(is_wide ? image.width : image.height);
  const auto side = static_cast<double>(longer);
  const Index shorter = round_up(static_cast<Index>(is_wide ? side / ratio : side * ratio));
  return is_wide ? ImageSize{longer, shorter} : ImageSize{shorter, longer};
}

SHARPEYE_BODY ImageTiles make_tiles(const ImageView& view, Index tile_size, const TilingConfig& config,
                                    PassOrder order) {
  check(view);
  const ImageSize scaled = scaled_to_longest_edge({view.width, view.height}, config.longest_edge);
  const Image small = resize_lanczos(view, scaled.width, scaled.height, order);
  ImageTiles tiles;
  if (!config.split) {
    tiles.squares.push_back(resize_lanczos(small, tile_size, tile_size, order));
    return tiles;
  }
  const ImageSize covered = rounded_to_tiles(scaled, tile_size);
  const Image whole = resize_lanczos(small, covered.width, covered.height, order);
  if (covered.width == tile_size && covered.height == tile_size) {
    tiles.squares.push_back(whole);
    return tiles;
  }
  tiles.rows = covered.height / tile_size;
  tiles.columns = covered.width / tile_size;
  for (Index row = 0; row < tiles.rows; ++row) {
    for (Index column = 0; column < tiles.columns; ++column) {
      tiles.squares.push_back(to_rgb(detail::tile_of(whole, column * tile_size, row * tile_size, tile_size)));
    }
  }
  tiles.squares.push_back(resize_lanczos(whole, tile_size, tile_size, order));
  return tiles;
}

SHARPEYE_NAMESPACE_END
