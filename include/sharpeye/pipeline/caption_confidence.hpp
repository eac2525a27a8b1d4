#pragma once

/// @file
/// How sure a model was of a caption.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/generation/next_token.hpp"
#include "sharpeye/text/tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A word of a caption, with its punctuation: what stands between white space.
struct WordProbability {
  std::string word;
  double probability;            ///< the product of its tokens' probabilities, each given all that stands before it
  Index first_token, end_token;  ///< its tokens: [first_token, end_token) of the caption's ids
};

/// How sure the model was of a caption: the probabilities of its tokens, as they were when it was written.
struct CaptionConfidence {
  /// Of each id of the caption, the end token included: GeneratedSequence::log_probabilities. Empty where the caption
  /// was given, not generated.
  std::vector<float> log_probabilities;
  std::vector<WordProbability> words;

  /// The mean of `log_probabilities`; NaN where there are none.
  double mean_log_probability() const;
  /// exp(mean_log_probability()), from 0 to 1: the geometric mean of the tokens' probabilities. NaN where there are
  /// none.
  double value() const;
  /// Whether value() is at least `minimum`; a caption that was given has no value and is taken for sure.
  bool reaches(double minimum) const;
};

/// The words of a caption with their probabilities. A token counts for the words that it writes a part of; one that
/// writes only white space, or not yet a whole character, for the word that follows. The end token counts for none.
/// @param text_end bytes of the decoded ids that belong to the caption (a stop string ends it earlier)
std::vector<WordProbability> word_probabilities(const Tokenizer& tokenizer, const GeneratedSequence& sequence,
                                                std::size_t text_end = std::string_view::npos);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/caption_confidence.inl"
#endif
