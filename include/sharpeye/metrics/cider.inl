#pragma once

/// @file
/// Bodies of cider.hpp.

#include "sharpeye/metrics/cider.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY CiderScorer::CiderScorer(const NgramCorpus& corpus, CiderVariant variant) : variant_(variant) {
  const double log_images = std::log(static_cast<double>(corpus.images().size()));
  idf_.reserve(corpus.num_ngrams());
  for (std::uint32_t id = 0; id < corpus.num_ngrams(); ++id) {
    idf_.push_back(log_images - std::log(std::max(1.0, static_cast<double>(corpus.document_frequency(id)))));
  }
}

SHARPEYE_BODY double CiderScorer::operator()(const NgramCorpus::Image& image) const {
  const Vector candidate = weighted(image.candidate);
  double sum = 0;
  for (const CountedCaption& caption : image.references) {
    const Vector reference = weighted(caption);
    for (std::size_t order = 0; order < kMaxNgramOrder; ++order) sum += similarity(candidate, reference, order);
  }
  return 10 * sum / (kMaxNgramOrder * static_cast<double>(image.references.size()));
}

SHARPEYE_BODY CiderScorer::Vector CiderScorer::weighted(const CountedCaption& caption) const {
  Vector vector{&caption, {}};
  for (std::size_t order = 0; order < kMaxNgramOrder; ++order) {
    double squares = 0;
    for (const NgramCount& ngram : caption.ngrams[order]) {
      const double entry = ngram.count * idf_[ngram.id];
      squares += entry * entry;
    }
    vector.norms[order] = std::sqrt(squares);
  }
  return vector;
}

SHARPEYE_BODY double CiderScorer::similarity(const Vector& candidate, const Vector& reference,
                                             std::size_t order) const {
  const double norms = candidate.norms[order] * reference.norms[order];
  if (norms == 0) return 0;
  const bool is_defended = variant_ == CiderVariant::kCiderD;
  double product = 0;
  for_each_common(candidate.caption->ngrams[order], reference.caption->ngrams[order],
                  [&](const NgramCount& ours, const NgramCount& theirs) {
                    const double weight = idf_[ours.id];
                    const auto count = is_defended ? std::min(ours.count, theirs.count) : ours.count;
                    product += count * weight * (theirs.count * weight);
                  });
  const double cosine = product / norms;
  if (!is_defended) return cosine;
  // The reference implementation measures lengths in bigrams.
  constexpr double kSigma = 6;
  const auto bigrams = [](const Vector& vector) { return std::max(Index{0}, vector.caption->length() - 1); };
  const auto difference = static_cast<double>(bigrams(candidate) - bigrams(reference));
  return cosine * std::exp(-difference * difference / (2 * kSigma * kSigma));
}

SHARPEYE_BODY MetricScores cider_scores(const NgramCorpus& corpus, CiderVariant variant) {
  const CiderScorer scorer(corpus, variant);
  std::vector<double> scores;
  for (const NgramCorpus::Image& image : corpus.images()) scores.push_back(scorer(image));
  return with_mean(std::move(scores));
}

SHARPEYE_BODY MetricScores cider_d(const NgramCorpus& corpus) {
  return cider_scores(corpus, CiderVariant::kCiderD);
}

SHARPEYE_BODY MetricScores cider(const NgramCorpus& corpus) {
  return cider_scores(corpus, CiderVariant::kCider);
}

SHARPEYE_NAMESPACE_END
