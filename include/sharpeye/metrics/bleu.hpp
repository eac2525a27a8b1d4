#pragma once

/// @file
/// BLEU-1 to BLEU-4 (Papineni et al., ACL 2002), as coco-caption computes them.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "sharpeye/metrics/ngrams.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The counts that BLEU is made of; those of a set are the sums of those of its images.
struct BleuStatistics {
  BleuStatistics() = default;

  /// Of one image. The reference length is that of the reference closest in length, the shorter one of two.
  explicit BleuStatistics(const NgramCorpus::Image& image) {
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
      // Each n-gram counts at most as often as the reference has it that has it most often.
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

  BleuStatistics& operator+=(const BleuStatistics& other) {
    for (std::size_t order = 0; order < kMaxNgramOrder; ++order) {
      guessed[order] += other.guessed[order];
      correct[order] += other.correct[order];
    }
    candidate_length += other.candidate_length;
    reference_length += other.reference_length;
    return *this;
  }

  /// BLEU-n at [n - 1]: `(p_1 ... p_n)^(1/n) * min(1, exp(1 - r/c))` with `p_k = correct_k / guessed_k`. The reference
  /// implementation adds 1e-15 to numerators and 1e-9 to denominators, and so do we: where nothing matches the score is
  /// not 0 but very small.
  std::array<double, kMaxNgramOrder> scores() const {
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

  std::array<Index, kMaxNgramOrder> guessed{}, correct{};
  Index candidate_length = 0, reference_length = 0;
};

/// BLEU-n at [n - 1]. `corpus` comes from the counts of all images together: it is not the mean of `images`.
/// Source: tylin/coco-caption, bleu_scorer.py, option "closest".
inline std::array<MetricScores, kMaxNgramOrder> bleu(const NgramCorpus& corpus) {
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
