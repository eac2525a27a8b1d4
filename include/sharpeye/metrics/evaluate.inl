#pragma once

/// @file
/// Bodies of evaluate.hpp.

#include "sharpeye/metrics/evaluate.hpp"

#include <unordered_set>

#include "sharpeye/metrics/bleu.hpp"
#include "sharpeye/metrics/cider.hpp"
#include "sharpeye/metrics/ngrams.hpp"
#include "sharpeye/metrics/ptb_tokenizer.hpp"
#include "sharpeye/metrics/rouge_l.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY CaptionScores evaluate(const std::vector<TokenizedImage>& images) {
  const NgramCorpus corpus(images);
  return {bleu(corpus), rouge_l(corpus), cider(corpus), cider_d(corpus)};
}

SHARPEYE_BODY CaptionScores evaluate(const std::vector<ImageToScore>& images) {
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
