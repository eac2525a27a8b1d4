#pragma once

/// @file
/// Bodies of caption_confidence.hpp.

#include "sharpeye/pipeline/caption_confidence.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "sharpeye/text/streaming_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY double CaptionConfidence::mean_log_probability() const {
  if (log_probabilities.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(log_probabilities.begin(), log_probabilities.end(), 0.0) /
         static_cast<double>(log_probabilities.size());
}

SHARPEYE_BODY double CaptionConfidence::value() const {
  return std::exp(mean_log_probability());
}

SHARPEYE_BODY bool CaptionConfidence::reaches(double minimum) const {
  return log_probabilities.empty() || value() >= minimum;
}

SHARPEYE_BODY std::vector<WordProbability> word_probabilities(const Tokenizer& tokenizer,
                                                              const GeneratedSequence& sequence, std::size_t text_end) {
  StreamingDecoder decoder(tokenizer);
  std::vector<WordProbability> words;
  bool in_word = false;
  std::size_t length = 0;   // bytes decoded
  double pending = 0;       // log-probability of tokens that have written no word yet
  Index first_pending = 0;  // the first of them
  for (std::size_t i = 0; i < sequence.ids.size() && length < text_end; ++i) {
    const std::string text = decoder.push(sequence.ids[i]);
    if (text.empty() && tokenizer.is_special(sequence.ids[i])) {
      if (first_pending == static_cast<Index>(i)) ++first_pending;
      continue;
    }
    pending += static_cast<double>(sequence.log_probabilities[i]);
    const double log_probability = pending;
    const Index first_token = first_pending;
    bool counts_for_word = false;  // the one that is being written
    for (const char c : text) {
      if (length++ >= text_end) break;
      const bool is_space = c == ' ' || (c >= '\t' && c <= '\r');
      if (!is_space && !in_word) {
        words.push_back({"", 1, first_token, first_token});
        counts_for_word = false;
      }
      in_word = !is_space;
      if (is_space) continue;
      words.back().word += c;
      if (counts_for_word) continue;
      words.back().probability *= std::exp(log_probability);
      words.back().end_token = first_pending = static_cast<Index>(i) + 1;
      counts_for_word = true;
      pending = 0;
    }
  }
  return words;
}

SHARPEYE_NAMESPACE_END
