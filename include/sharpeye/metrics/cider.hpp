#pragma once

/// @file
/// CIDEr and CIDEr-D (Vedantam et al., CVPR 2015).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sharpeye/metrics/ngrams.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Which of the two metrics of the paper.
enum class CiderVariant {
  kCider,   ///< the cosine of tf-idf vectors
  kCiderD,  ///< "defended": counts are clipped to the reference's, and a difference in length is punished
};

/// The metric of one set of images. Its idf come from the references of the set itself ("corpus" mode), so a score
/// depends on which images are evaluated together, and that of a single image is 0.
class CiderScorer {
 public:
  CiderScorer(const NgramCorpus& corpus, CiderVariant variant) : variant_(variant) {
    const double log_images = std::log(static_cast<double>(corpus.images().size()));
    idf_.reserve(corpus.num_ngrams());
    for (std::uint32_t id = 0; id < corpus.num_ngrams(); ++id) {
      idf_.push_back(log_images - std::log(std::max(1.0, static_cast<double>(corpus.document_frequency(id)))));
    }
  }

  /// For an image of the corpus: `10 / (4 m) * sum_{n=1..4} sum_{j=1..m} s_n(candidate, reference_j)`, in [0, 10].
  double operator()(const NgramCorpus::Image& image) const {
    const Vector candidate = weighted(image.candidate);
    double sum = 0;
    for (const CountedCaption& caption : image.references) {
      const Vector reference = weighted(caption);
      for (std::size_t order = 0; order < kMaxNgramOrder; ++order) sum += similarity(candidate, reference, order);
    }
    return 10 * sum / (kMaxNgramOrder * static_cast<double>(image.references.size()));
  }

 private:
  // The entry of an n-gram is tf * idf; tf is its plain count, since cosines do not see a common factor.
  struct Vector {
    const CountedCaption* caption;
    std::array<double, kMaxNgramOrder> norms;
  };

  Vector weighted(const CountedCaption& caption) const {
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

  double similarity(const Vector& candidate, const Vector& reference, std::size_t order) const {
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

  CiderVariant variant_;
  std::vector<double> idf_;  // log(images) - log(images of whose references one has the n-gram), by id
};

/// The metric of each image; `corpus` is the mean.
inline MetricScores cider_scores(const NgramCorpus& corpus, CiderVariant variant) {
  const CiderScorer scorer(corpus, variant);
  std::vector<double> scores;
  for (const NgramCorpus::Image& image : corpus.images()) scores.push_back(scorer(image));
  return with_mean(std::move(scores));
}

/// CIDEr-D: what coco-caption prints as "CIDEr", and what papers report. Times 10, so 1.2 is what they call 120.
/// Source: tylin/coco-caption, cider_scorer.py.
inline MetricScores cider_d(const NgramCorpus& corpus) {
  return cider_scores(corpus, CiderVariant::kCiderD);
}

/// Plain CIDEr: equations 2 and 3 of the paper times 10, without stemming; no clipping, no penalty of length.
/// It equals `cider` of vrama91/cider with document frequencies from the "corpus".
inline MetricScores cider(const NgramCorpus& corpus) {
  return cider_scores(corpus, CiderVariant::kCider);
}

SHARPEYE_NAMESPACE_END
