#pragma once

/// @file
/// Bodies of bleu.hpp.

#include "sharpeye/metrics/bleu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY BleuStatistics::BleuStatistics(const NgramCorpus::Image& image) {
  const CountedCaption& candidate = image.candidate;
  candidate_length = candidate.length();
  reference_length = image.references.front().length();
  for (const CountedCaption& reference : image.references) {
    const Index distance = std::abs(reference.length() - candidate_length);
    const Index best = std::abs(reference_length - candidate_length);
    if (distance < best || (distance == best && reference.length() < reference_length)) {
      reference_length = reference.length();
    }
  }
  for (std::size_t order = 0; order < kMaxNgramOrder; ++order) {
    guessed[order] = std::max(Index{0}, candidate_length - static_cast<Index>(order));
    // Each n-gram counts at most as often as it occurs in any one reference.
    std::vector<NgramCount> clipped = candidate.ngrams[order];
    for (NgramCount& ngram : clipped) ngram.count = 0;
    for (const CountedCaption& reference : image.references) {
      auto kept = clipped.begin();
      for_each_common(candidate.ngrams[order], reference.ngrams[order],
                      [&](const NgramCount& ours, const NgramCount& theirs) {
                        while (kept->id < ours.id) ++kept;
                        kept->count = std::max(kept->count, std::min(ours.count, theirs.count));
                      });
    }
    for (const NgramCount& ngram : clipped) correct[order] += ngram.count;
  }
}

SHARPEYE_BODY BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  for (std::size_t order = 0; order < kMaxNgramOrder; ++order) {
    guessed[order] += other.guessed[order];
    correct[order] += other.correct[order];
  }
  candidate_length += other.candidate_length;
  reference_length += other.reference_length;
  return *this;
}

SHARPEYE_BODY std::array<double, kMaxNgramOrder> BleuStatistics::scores() const {
  constexpr double kTiny = 1e-15, kSmall = 1e-9;
  const double ratio =
      (static_cast<double>(candidate_length) + kTiny) / (static_cast<double>(reference_length) + kSmall);
  const double brevity = ratio < 1 ? std::exp(1 - 1 / ratio) : 1;
  std::array<double, kMaxNgramOrder> result{};
  double product = 1;
  for (std::size_t order = 0; order < kMaxNgramOrder; ++order) {
    product *= (static_cast<double>(correct[order]) + kTiny) / (static_cast<double>(guessed[order]) + kSmall);
    result[order] = std::pow(product, 1.0 / static_cast<double>(order + 1)) * brevity;
  }
  return result;
}

SHARPEYE_BODY std::array<MetricScores, kMaxNgramOrder> bleu(const NgramCorpus& corpus) {
  std::array<MetricScores, kMaxNgramOrder> result;
  BleuStatistics total;
  for (const NgramCorpus::Image& image : corpus.images()) {
    const BleuStatistics statistics(image);
    total += statistics;
    const auto scores = statistics.scores();
    for (std::size_t order = 0; order < kMaxNgramOrder; ++order) result[order].images.push_back(scores[order]);
  }
  const auto scores = total.scores();
  for (std::size_t order = 0; order < kMaxNgramOrder; ++order) result[order].corpus = scores[order];
  return result;
}

SHARPEYE_NAMESPACE_END
