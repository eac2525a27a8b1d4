#pragma once

/// @file
/// Bodies of rouge_l.hpp.

#include "sharpeye/metrics/rouge_l.hpp"

#include <algorithm>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY Index longest_common_subsequence(const std::vector<std::uint32_t>& left,
                                               const std::vector<std::uint32_t>& right) {
  std::vector<Index> lengths(right.size() + 1);  // one row of the table: of what was seen of `left`, and right[0, j)
  for (const std::uint32_t word : left) {
    Index diagonal = 0;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const Index above = lengths[j + 1];
      lengths[j + 1] = word == right[j] ? diagonal + 1 : std::max(above, lengths[j]);
      diagonal = above;
    }
  }
  return lengths.back();
}

SHARPEYE_BODY double rouge_l(const NgramCorpus::Image& image) {
  constexpr double kBetaSquared = 1.2 * 1.2;
  const CountedCaption& candidate = image.candidate;
  const auto share = [](Index common, Index length) {
    return static_cast<double>(common) / static_cast<double>(std::max(Index{1}, length));
  };
  double precision = 0, recall = 0;
  for (const CountedCaption& reference : image.references) {
    const bool both_empty = candidate.length() == 0 && reference.length() == 0;
    const Index common = both_empty ? 1 : longest_common_subsequence(reference.words, candidate.words);
    precision = std::max(precision, share(common, candidate.length()));
    recall = std::max(recall, share(common, reference.length()));
  }
  if (precision == 0 || recall == 0) return 0;
  return (1 + kBetaSquared) * precision * recall / (recall + kBetaSquared * precision);
}

SHARPEYE_BODY MetricScores rouge_l(const NgramCorpus& corpus) {
  std::vector<double> scores;
  for (const NgramCorpus::Image& image : corpus.images()) scores.push_back(rouge_l(image));
  return with_mean(std::move(scores));
}

SHARPEYE_NAMESPACE_END
