#pragma once

/// @file
/// CIDEr and CIDEr-D (Vedantam et al., CVPR 2015).

#include <array>
#include <vector>

#include "sharpeye/metrics/ngrams.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Which of the two metrics of the paper.
enum class CiderVariant {
  kCider,   ///< the cosine of tf-idf vectors
  kCiderD,  ///< robust: counts are clipped to the reference's, and a difference in length is penalised
};

/// The metric of one set of images. The idf weights come from the references of the set itself ("corpus" mode), so a
/// score depends on which images are evaluated together. The CIDEr of one image alone is 0 by its formula: an n-gram
/// that all images have weighs log(1) = 0, and with one image there are no others.
class CiderScorer {
 public:
  CiderScorer(const NgramCorpus& corpus, CiderVariant variant);

  /// For an image of the corpus: `10 / (4 m) * sum_{n=1..4} sum_{j=1..m} s_n(candidate, reference_j)`, in [0, 10].
  double operator()(const NgramCorpus::Image& image) const;

 private:
  // The entry of an n-gram is tf * idf; tf is its plain count, since cosines do not see a common factor.
  struct Vector {
    const CountedCaption* caption;
    std::array<double, kMaxNgramOrder> norms;
  };

  Vector weighted(const CountedCaption& caption) const;
  double similarity(const Vector& candidate, const Vector& reference, std::size_t order) const;

  CiderVariant variant_;
  std::vector<double> idf_;  // log(images) - log(images of whose references one has the n-gram), by id
};

/// The metric of each image; `corpus` is the mean. 0 where the set is one image, as CiderScorer explains.
MetricScores cider_scores(const NgramCorpus& corpus, CiderVariant variant);

/// CIDEr-D: what coco-caption prints as "CIDEr", and what papers report. Times 10, so 1.2 is what they call 120.
/// Source: tylin/coco-caption, cider_scorer.py.
MetricScores cider_d(const NgramCorpus& corpus);

/// Plain CIDEr: equations 2 and 3 of the paper times 10, without stemming; no clipping, no penalty of length.
/// It equals `cider` of vrama91/cider with document frequencies from the "corpus".
MetricScores cider(const NgramCorpus& corpus);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/cider.inl"
#endif
