#pragma once

/// @file
/// All caption metrics of a set of images at once, from plain text.

#include <array>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/metrics/bleu.hpp"
#include "sharpeye/metrics/cider.hpp"
#include "sharpeye/metrics/ngrams.hpp"
#include "sharpeye/metrics/ptb_tokenizer.hpp"
#include "sharpeye/metrics/rouge_l.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// An image with what people and a model wrote about it, as plain text.
struct ImageToScore {
  std::string id;  ///< names the image in error messages
  std::vector<std::string> references;
  std::optional<std::string> candidate;
};

/// The metrics of a set of images. All but CIDEr are in [0, 1], CIDEr and CIDEr-D in [0, 10].
struct CaptionScores {
  std::array<MetricScores, kMaxNgramOrder> bleu;  ///< BLEU-n at [n - 1]
  MetricScores rouge_l;
  MetricScores cider;    ///< plain CIDEr
  MetricScores cider_d;  ///< what coco-caption prints as "CIDEr"
};

/// Scores tokenized captions. @throws Error as NgramCorpus
inline CaptionScores evaluate(const std::vector<TokenizedImage>& images) {
  const NgramCorpus corpus(images);
  return {bleu(corpus), rouge_l(corpus), cider(corpus), cider_d(corpus)};
}

/// Scores captions with caption_tokens() as tokenizer: the numbers of coco-caption. CIDEr weighs n-grams by how many of
/// these images have them, so give it the whole set that you report.
/// @throws Error kInvalidArgument naming the image whose id is there twice, that has no reference or no candidate.
inline CaptionScores evaluate(const std::vector<ImageToScore>& images) {
  std::unordered_set<std::string> ids;
  std::vector<TokenizedImage> tokenized;
  for (const ImageToScore& image : images) {
    const auto check = [&](bool holds, const char* problem) {
      if (!holds) fail(ErrorCode::kInvalidArgument, "image ", image.id, ": expected ", problem);
    };
    check(ids.insert(image.id).second, "its id once, actual twice");
    check(!image.references.empty(), "at least one reference, actual none");
    check(image.candidate.has_value(), "a candidate, actual none");
    TokenizedImage& tokens = tokenized.emplace_back();
    for (const std::string& reference : image.references) tokens.references.push_back(caption_tokens(reference));
    tokens.candidate = caption_tokens(*image.candidate);
  }
  return evaluate(tokenized);
}

SHARPEYE_NAMESPACE_END
