#pragma once

/// @file
/// BLEU-1 to BLEU-4 (Papineni et al., ACL 2002), as coco-caption computes them.

#include <array>

#include "sharpeye/metrics/ngrams.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The counts that BLEU is made of; those of a set are the sums of those of its images.
struct BleuStatistics {
  BleuStatistics() = default;

  /// Of one image. The reference length is that of the reference closest in length; of two, the shorter one.
  explicit BleuStatistics(const NgramCorpus::Image& image);

  BleuStatistics& operator+=(const BleuStatistics& other);

  /// BLEU-n at [n - 1]: `(p_1 ... p_n)^(1/n) * min(1, exp(1 - r/c))` with `p_k = correct_k / guessed_k`. As in the
  /// reference implementation, 1e-15 is added to numerators and 1e-9 to denominators: where nothing matches, the score
  /// is very small but not 0.
  std::array<double, kMaxNgramOrder> scores() const;

  std::array<Index, kMaxNgramOrder> guessed{}, correct{};
  Index candidate_length = 0, reference_length = 0;
};

/// BLEU-n at [n - 1]. `corpus` comes from the counts of all images together: it is not the mean of `images`.
/// Source: tylin/coco-caption, bleu_scorer.py, option "closest".
std::array<MetricScores, kMaxNgramOrder> bleu(const NgramCorpus& corpus);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/bleu.inl"
#endif
