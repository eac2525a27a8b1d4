#pragma once

/// @file
/// What BLEU, ROUGE-L and CIDEr share: captions as numbered words and counted n-grams.

#include <array>
#include <cstdint>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"
#include "sharpeye/metrics/scores.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How often an n-gram occurs in a caption. Equal n-grams of one NgramCorpus have equal ids.
struct NgramCount {
  std::uint32_t id;
  std::uint32_t count;
};

/// A caption as numbers.
struct CountedCaption {
  /// The number of words.
  Index length() const noexcept { return static_cast<Index>(words.size()); }

  std::vector<std::uint32_t> words;                              ///< the ids of its 1-grams, in order
  std::array<std::vector<NgramCount>, kMaxNgramOrder> ngrams{};  ///< of 1, 2, 3, 4 words, by increasing id
};

/// Calls `visit(left, right)` for each n-gram that two lists have in common.
template <class Visit>
void for_each_common(const std::vector<NgramCount>& left, const std::vector<NgramCount>& right, const Visit& visit) {
  auto l = left.begin(), r = right.begin();
  while (l != left.end() && r != right.end()) {
    if (l->id == r->id) visit(*l, *r);
    const bool next_left = l->id <= r->id, next_right = r->id <= l->id;
    l += next_left;
    r += next_right;
  }
}

/// The captions of a set of images, with every n-gram numbered and counted once for all metrics.
class NgramCorpus {
 public:
  struct Image {
    std::vector<CountedCaption> references;
    CountedCaption candidate;
  };

  /// @throws Error kInvalidArgument when the set is empty or an image has no reference; kLimit beyond 2^32 - 1
  /// different n-grams.
  explicit NgramCorpus(const std::vector<TokenizedImage>& images);

  const std::vector<Image>& images() const noexcept { return images_; }

  /// The number of different n-grams; their ids are 0, 1, 2, ...
  std::uint32_t num_ngrams() const noexcept { return static_cast<std::uint32_t>(frequencies_.size()); }

  /// The number of images of which at least one reference has the n-gram.
  std::uint32_t document_frequency(std::uint32_t ngram_id) const noexcept { return frequencies_[ngram_id]; }

 private:
  void count_documents(const Image& image, std::vector<std::size_t>& last_image);

  std::vector<std::uint32_t> frequencies_;  // by id
  std::vector<Image> images_;
};

/// The mean as `corpus`. @pre `images` is not empty
MetricScores with_mean(std::vector<double> images);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/ngrams.inl"
#endif
