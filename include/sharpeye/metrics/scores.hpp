#pragma once

/// @file
/// What goes into a caption metric and what comes out: tokenized captions, and the scores of a set of images.

#include <string>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The longest n-gram that the metrics look at.
inline constexpr int kMaxNgramOrder = 4;

/// The words of a caption, as caption_tokens() gives them.
using CaptionTokens = std::vector<std::string>;

/// A candidate and what people wrote about the same image.
struct TokenizedImage {
  std::vector<CaptionTokens> references;
  CaptionTokens candidate;
};

/// The score of a whole set and of its images, in the order of the set. `corpus` is the mean of `images`, except for
/// BLEU.
struct MetricScores {
  double corpus = 0;
  std::vector<double> images;
};

SHARPEYE_NAMESPACE_END
