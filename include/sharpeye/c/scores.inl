#pragma once

/// @file
/// Bodies of c_api.h: the scores of captions.

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/c/boundary.hpp"
#include "sharpeye/metrics/evaluate.hpp"
#include "sharpeye/metrics/ptb_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

/// The words of a caption that has white space between them.
inline CaptionTokens split_at_spaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  CaptionTokens words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == text.npos) return words;
    text.remove_prefix(begin);
    words.emplace_back(text.substr(0, text.find_first_of(kSpaces)));
    text.remove_prefix(words.back().size());
  }
}

inline CaptionTokens words_of(std::int32_t text, const char* caption, std::size_t image) {
  require(caption != nullptr, ErrorCode::kInvalidArgument, "image ", image, ": expected captions, actual NULL");
  return text == SHARPEYE_PLAIN_TEXT ? caption_tokens(caption) : split_at_spaces(caption);
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END

extern "C" {

sharpeye_status sharpeye_evaluate(int32_t text, size_t num_images, const char* const* candidates,
                                  const char* const* references, const size_t* num_references, size_t num_metrics,
                                  double* corpus, double* images, sharpeye_error* error) {
  return sharpeye::c_api::guarded(error, [&] {
    using namespace sharpeye;
    require(text == SHARPEYE_PLAIN_TEXT || text == SHARPEYE_TOKENIZED_TEXT, ErrorCode::kInvalidArgument,
            "text: expected SHARPEYE_PLAIN_TEXT or SHARPEYE_TOKENIZED_TEXT, actual ", text);
    require(num_metrics >= 1 && num_metrics <= SHARPEYE_NUM_METRICS, ErrorCode::kInvalidArgument,
            "num_metrics: expected 1 to ", int{SHARPEYE_NUM_METRICS}, ", actual ", num_metrics);
    c_api::require_given(candidates, "candidates");
    c_api::require_given(references, "references");
    c_api::require_given(num_references, "num_references");
    c_api::require_given(corpus, "corpus");
    std::vector<TokenizedImage> tokenized;
    for (std::size_t i = 0, next = 0; i < num_images; ++i) {
      require(num_references[i] > 0, ErrorCode::kInvalidArgument, "image ", i,
              ": expected at least one reference, actual none");
      TokenizedImage& image = tokenized.emplace_back();
      image.candidate = c_api::words_of(text, candidates[i], i);
      for (std::size_t j = 0; j < num_references[i]; ++j) {
        image.references.push_back(c_api::words_of(text, references[next++], i));
      }
    }
    const CaptionScores scores = evaluate(tokenized);
    const MetricScores* const columns[] = {&scores.bleu[0], &scores.bleu[1], &scores.bleu[2], &scores.bleu[3],
                                           &scores.rouge_l, &scores.cider_d, &scores.cider};
    static_assert(std::size(columns) == SHARPEYE_NUM_METRICS);
    for (std::size_t metric = 0; metric < num_metrics; ++metric) {
      corpus[metric] = columns[metric]->corpus;
      for (std::size_t i = 0; images != nullptr && i < num_images; ++i) {
        images[i * num_metrics + metric] = columns[metric]->images[i];
      }
    }
  });
}

sharpeye_status sharpeye_scored_words(const char* caption, char* words, size_t capacity, size_t* size,
                                      sharpeye_error* error) {
  if (size != nullptr) *size = 0;
  return sharpeye::c_api::guarded(error, [&] {
    using namespace sharpeye;
    c_api::require_given(caption, "caption");
    c_api::require_given(size, "size");
    require(words != nullptr || capacity == 0, ErrorCode::kInvalidArgument, "words: expected ", capacity,
            " bytes, actual NULL");
    std::string line;
    for (const std::string& word : caption_tokens(caption)) line += line.empty() ? word : " " + word;
    *size = line.size();
    require(line.size() < capacity, ErrorCode::kLimit, "words: expected a capacity of at least ", line.size() + 1,
            " bytes, actual ", capacity);
    std::memcpy(words, line.c_str(), line.size() + 1);
  });
}

}  // extern "C"
