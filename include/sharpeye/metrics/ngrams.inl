#pragma once

/// @file
/// Bodies of ngrams.hpp.

#include "sharpeye/metrics/ngrams.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Numbers n-grams in the order in which they first come.
class NgramCounter {
 public:
  std::size_t num_ngrams() const noexcept { return num_ngrams_; }

  /// The words and n-grams of a caption, with their numbers.
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

 private:
  template <class Map, class Key>
  std::uint32_t number(Map& map, const Key& key) {
    const auto [entry, is_new] = map.try_emplace(key, static_cast<std::uint32_t>(num_ngrams_));
    if (is_new) {
      require(num_ngrams_ < std::numeric_limits<std::uint32_t>::max(), ErrorCode::kLimit,
              "metrics: expected fewer than 2^32 different n-grams");
      ++num_ngrams_;
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

  std::unordered_map<std::string, std::uint32_t> words_;
  std::unordered_map<std::uint64_t, std::uint32_t> longer_;  // (id of the beginning, id of the last word) -> id
  std::size_t num_ngrams_ = 0;
};

}  // namespace detail

SHARPEYE_BODY NgramCorpus::NgramCorpus(const std::vector<TokenizedImage>& images) {
  require(!images.empty(), ErrorCode::kInvalidArgument, "metrics: expected at least one image, actual none");
  detail::NgramCounter counter;
  std::vector<std::size_t> last_image;  // by n-gram: the last image that it was counted for
  for (const TokenizedImage& image : images) {
    if (image.references.empty()) {
      fail(ErrorCode::kInvalidArgument, "metrics: image ", images_.size(),
           ": expected at least one reference, actual none");
    }
    Image counted;
    for (const CaptionTokens& reference : image.references) counted.references.push_back(counter.count(reference));
    counted.candidate = counter.count(image.candidate);
    frequencies_.resize(counter.num_ngrams(), 0);
    last_image.resize(counter.num_ngrams(), std::numeric_limits<std::size_t>::max());
    count_documents(counted, last_image);
    images_.push_back(std::move(counted));
  }
}

SHARPEYE_BODY void NgramCorpus::count_documents(const Image& image, std::vector<std::size_t>& last_image) {
  for (const CountedCaption& reference : image.references) {
    for (const std::vector<NgramCount>& ngrams : reference.ngrams) {
      for (const NgramCount& ngram : ngrams) {
        frequencies_[ngram.id] += last_image[ngram.id] != images_.size();
        last_image[ngram.id] = images_.size();
      }
    }
  }
}

SHARPEYE_BODY MetricScores with_mean(std::vector<double> images) {
  double sum = 0;
  for (const double score : images) sum += score;
  return {sum / static_cast<double>(images.size()), std::move(images)};
}

SHARPEYE_NAMESPACE_END
