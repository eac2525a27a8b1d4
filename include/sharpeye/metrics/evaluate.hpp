#pragma once

/// @file
/// All caption metrics of a set of images at once, from plain text.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/metrics/scores.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An image with what people and a model wrote about it, as plain text.
struct ImageToScore {
  std::string id;  ///< names the image in error messages
  std::vector<std::string> references;
  std::optional<std::string> candidate;
};

/// The metrics of a set of images. All but CIDEr are in [0, 1], CIDEr and CIDEr-D in [0, 10]. CIDEr and CIDEr-D of one
/// image are 0 by their formula (see CiderScorer): they tell captions apart only within a set of images.
struct CaptionScores {
  std::array<MetricScores, kMaxNgramOrder> bleu;  ///< BLEU-n at [n - 1]
  MetricScores rouge_l;
  MetricScores cider;    ///< plain CIDEr
  MetricScores cider_d;  ///< what coco-caption prints as "CIDEr"
};

/// Scores tokenized captions. @throws Error as NgramCorpus
CaptionScores evaluate(const std::vector<TokenizedImage>& images);

/// Scores captions with caption_tokens() as tokenizer: the numbers of coco-caption. CIDEr weighs n-grams by how many of
/// these images have them, so give it the whole set that you report.
/// @throws Error kInvalidArgument naming the image whose id is there twice, that has no reference or no candidate.
CaptionScores evaluate(const std::vector<ImageToScore>& images);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/evaluate.inl"
#endif
