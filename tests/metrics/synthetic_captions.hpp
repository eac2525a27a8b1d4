#pragma once

/// @file
/// The synthetic captions of tests/reference/make_metric_goldens.py, made again.

#include <string>

#include "sharpeye/core/random.hpp"
#include "sharpeye/metrics/ngrams.hpp"

namespace test {

/// Walks along the words of a topic, with jumps and strange words.
inline sharpeye::TokenizedImage synthetic_image(std::uint64_t number) {
  constexpr std::uint64_t kVocabulary = 400;
  sharpeye::Random random(number);
  const auto word = [&] {
    const std::uint64_t first = random.below(kVocabulary);
    return "w" + std::to_string(first * random.below(kVocabulary) / kVocabulary);  // small numbers are frequent
  };
  sharpeye::CaptionTokens topic(6 + random.below(8));
  for (std::string& topic_word : topic) topic_word = word();

  const auto caption = [&] {
    sharpeye::CaptionTokens words;
    if (random.below(60) == 0) return words;
    std::size_t at = random.below(topic.size());
    for (std::uint64_t length = 2 + random.below(12); length > 0; --length) {
      const std::uint64_t choice = random.below(8);
      if (choice == 0) at = random.below(topic.size());
      words.push_back(choice == 1 ? word() : topic[at]);
      at = (at + 1) % topic.size();
    }
    return words;
  };

  sharpeye::TokenizedImage image;
  image.references.resize(1 + random.below(6));
  for (sharpeye::CaptionTokens& reference : image.references) reference = caption();
  image.candidate = caption();
  return image;
}

}  // namespace test
