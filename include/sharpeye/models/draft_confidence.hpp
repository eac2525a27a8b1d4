#pragma once

/// @file
/// How sure the first glance is of a caption, token by token: what a SeR-Connector with `caption_confidence` is told
/// beside the caption (not in the paper, which shows it the words alone).

#include <string_view>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/text/tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The level of a token of probability p: min(levels - 1, floor(-log2(1 - p))), so that each level halves the
/// probability of being wrong; below 1/2 all is level 0. With 8 levels the highest begins at 1 - 2^-7.
/// @param log_probability ln p, at most 0 but for rounding
std::int32_t confidence_level(double log_probability, Index levels);

/// The levels of an initial caption as the SeR-Connector reads it. The two tokenizations of the same text, which begins
/// with a space only in the language model's, are laid side by side by their bytes: a token is as sure as the least
/// sure of those that wrote a part of it. Special tokens, such as the bos token, are sure; what was not written is not.
/// @param written the caption's ids after a prompt @param log_probabilities of each of them, in natural logarithms
/// @param read the ids that the connector reads @return a level of each of `read`
std::vector<std::int32_t> confidence_levels(const Tokenizer& tokenizer, const std::vector<std::int32_t>& written,
                                            const std::vector<double>& log_probabilities,
                                            const std::vector<std::int32_t>& read, Index levels);

/// ln softmax(logits)[id]. @param logits [size]
double log_probability_of(const float* logits, Index size, std::int32_t id);
double log_probability_of(const double* logits, Index size, std::int32_t id);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/draft_confidence.inl"
#endif
