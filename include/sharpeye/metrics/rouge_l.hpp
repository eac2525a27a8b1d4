#pragma once

/// @file
/// ROUGE-L (Lin, 2004), as coco-caption computes it.

#include <cstdint>
#include <vector>

#include "sharpeye/metrics/ngrams.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The length of the longest common subsequence of two lists.
Index longest_common_subsequence(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right);

/// The F-measure `(1 + b^2) P R / (R + b^2 P)`, b = 1.2, of the greatest precision P and the greatest recall R, which
/// may come from different references; 0 where one of them is 0.
/// An empty caption is one empty word, as Python's `"".split(" ")` has it: two empty captions are equal.
/// Source: tylin/coco-caption, rouge.py.
double rouge_l(const NgramCorpus::Image& image);

/// ROUGE-L of each image; `corpus` is the mean.
MetricScores rouge_l(const NgramCorpus& corpus);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/rouge_l.inl"
#endif
