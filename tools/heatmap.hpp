#pragma once

/// @file
/// Attention painted over an image.

#include <optional>
#include <string>
#include <vector>

#include "tools/explain_image.hpp"

namespace tool {

/// Which layer and head are shown; empty: the mean of all.
struct MapChoice {
  std::optional<Index> layer, head;
};

/// The image with its longer side scaled to `side` pixels.
Image scaled(const Image& image, Index side);

/// What a pair of words attended to, in the first glance on the left and in the second on the right: the image in grey,
/// attention for each of its pixels from blue over red to yellow, the same scale in both. A word that a glance does not
/// have leaves its half grey. @throws Error kInvalidArgument for a layer or head that is not there
Image paint_heatmap(const ExplainedImage& found, const WordPair& pair, const MapChoice& choice);

/// The pair of the first word that is written so in the last caption, or else in the first; case and punctuation around
/// it do not matter. @throws Error kInvalidArgument listing the words, where there is none
WordPair find_word(const ExplainedImage& found, const std::string& word);

}  // namespace tool
