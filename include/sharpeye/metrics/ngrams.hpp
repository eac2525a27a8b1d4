#pragma once

/// @file
/// What BLEU, ROUGE-L and CIDEr share: captions as numbered words and counted n-grams.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The longest n-gram that the metrics look at.
inline constexpr int kMaxNgramOrder = 4;

/// The words of a caption, as caption_tokens() gives them.
using CaptionTokens = std::vector<std::string>;

/// A candidate and what people wrote about the same image.
struct TokenizedImage {
  std::vector<CaptionTokens> references;
  CaptionTokens candidate;
};

/// The score of a whole set and of its images, in the order of the set. What `corpus` is to `images` is the metric's
/// matter: their mean, except for BLEU.
struct MetricScores {
  double corpus = 0;
  std::vector<double> images;
};

/// How often an n-gram stands in a caption. Equal n-grams of one NgramCorpus have equal ids.
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
  explicit NgramCorpus(const std::vector<TokenizedImage>& images) {
    require(!images.empty(), ErrorCode::kInvalidArgument, "metrics: expected at least one image, actual none");
    for (const TokenizedImage& image : images) add(image);
  }

  const std::vector<Image>& images() const noexcept { return images_; }

  /// The number of different n-grams; their ids are 0, 1, 2, ...
  std::uint32_t num_ngrams() const noexcept { return static_cast<std::uint32_t>(frequencies_.size()); }

  /// The number of images of which at least one reference has the n-gram.
  std::uint32_t document_frequency(std::uint32_t ngram_id) const noexcept { return frequencies_[ngram_id].images; }

 private:
  struct Frequency {
    std::uint32_t images = 0;
    std::size_t last_image = std::numeric_limits<std::size_t>::max();
  };

  void add(const TokenizedImage& image) {
    if (image.references.empty()) {
      fail(ErrorCode::kInvalidArgument, "metrics: image ", images_.size(),
           ": expected at least one reference, actual none");
    }
    Image counted;
    for (const CaptionTokens& reference : image.references) counted.references.push_back(count(reference));
    counted.candidate = count(image.candidate);
    count_documents(counted);
    images_.push_back(std::move(counted));
  }

  CountedCaption count(const CaptionTokens& tokens) {
    CountedCaption caption;
    for (const std::string& token : tokens) caption.words.push_back(number(words_, token));
    // An n-gram is the (n-1)-gram that it begins with and one more word: two numbers, whatever n is.
    std::vector<std::uint32_t> ids = caption.words;
    for (std::size_t order = 1;; ++order) {
      caption.ngrams[order - 1] = run_lengths(ids);
      if (order == kMaxNgramOrder) return caption;
      if (!ids.empty()) ids.pop_back();
      for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = number(longer_, std::uint64_t{ids[i]} << 32 | caption.words[i + order]);
      }
    }
  }

  template <class Map, class Key>
  std::uint32_t number(Map& map, const Key& key) {
    const auto [entry, is_new] = map.try_emplace(key, static_cast<std::uint32_t>(frequencies_.size()));
    if (is_new) {
      require(frequencies_.size() < std::numeric_limits<std::uint32_t>::max(), ErrorCode::kLimit,
              "metrics: expected fewer than 2^32 different n-grams");
      frequencies_.emplace_back();
    }
    return entry->second;
  }

  static std::vector<NgramCount> run_lengths(std::vector<std::uint32_t> ids) {
    std::sort(ids.begin(), ids.end());
    std::vector<NgramCount> counts;
    for (const std::uint32_t id : ids) {
      if (counts.empty() || counts.back().id != id) counts.push_back({id, 0});
      ++counts.back().count;
    }
    return counts;
  }

  void count_documents(const Image& image) {
    for (const CountedCaption& reference : image.references) {
      for (const std::vector<NgramCount>& ngrams : reference.ngrams) {
        for (const NgramCount& ngram : ngrams) {
          Frequency& frequency = frequencies_[ngram.id];
          frequency.images += frequency.last_image != images_.size();
          frequency.last_image = images_.size();
        }
      }
    }
  }

  std::unordered_map<std::string, std::uint32_t> words_;
  std::unordered_map<std::uint64_t, std::uint32_t> longer_;  // (id of the beginning, id of the last word) -> id
  std::vector<Frequency> frequencies_;                       // by id
  std::vector<Image> images_;
};

/// The mean as `corpus`. @pre `images` is not empty
inline MetricScores with_mean(std::vector<double> images) {
  double sum = 0;
  for (const double score : images) sum += score;
  return {sum / static_cast<double>(images.size()), std::move(images)};
}

SHARPEYE_NAMESPACE_END
