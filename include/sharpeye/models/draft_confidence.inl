#pragma once

/// @file
/// Bodies of draft_confidence.hpp.

#include "sharpeye/models/draft_confidence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::int32_t confidence_level(double log_probability, Index levels) {
  const double wrong = -std::expm1(std::min(0.0, log_probability));
  const double halvings = wrong > 0 ? std::floor(-std::log2(wrong)) : static_cast<double>(levels);
  return static_cast<std::int32_t>(std::min(static_cast<double>(levels - 1), std::max(0.0, halvings)));
}

SHARPEYE_BODY std::vector<std::int32_t> confidence_levels(const Tokenizer& tokenizer,
                                                          const std::vector<std::int32_t>& written,
                                                          const std::vector<double>& log_probabilities,
                                                          const std::vector<std::int32_t>& read, Index levels) {
  require(written.size() == log_probabilities.size(), ErrorCode::kShape, "confidence: expected ", written.size(),
          " log-probabilities, actual ", log_probabilities.size());
  // The level of each byte that was written, without the space at the text's beginning.
  std::vector<std::int32_t> of_byte;
  for (std::size_t i = 0; i < written.size(); ++i) {
    of_byte.insert(of_byte.end(), tokenizer.token_bytes(written[i]).size(),
                   confidence_level(log_probabilities[i], levels));
  }
  const std::string_view first = written.empty() ? std::string_view() : tokenizer.token_bytes(written.front());
  std::size_t place = !first.empty() && first.front() == ' ' ? 1 : 0;
  const auto sure = static_cast<std::int32_t>(levels - 1);
  std::vector<std::int32_t> result;
  bool begins = true;
  for (const std::int32_t id : read) {
    std::int32_t level = sure;
    if (!tokenizer.is_special(id)) {
      const std::size_t bytes = (begins ? tokenizer.first_token_bytes(id) : tokenizer.token_bytes(id)).size();
      begins = false;
      for (std::size_t i = 0; i < bytes; ++i, ++place) {
        level = std::min(level, place < of_byte.size() ? of_byte[place] : 0);
      }
    }
    result.push_back(level);
  }
  return result;
}

namespace detail {

template <class S>
double log_softmax_at(const S* logits, Index size, std::int32_t id) {
  const auto highest = static_cast<double>(*std::max_element(logits, logits + size));
  double sum = 0;
  for (Index i = 0; i < size; ++i) sum += std::exp(static_cast<double>(logits[i]) - highest);
  return static_cast<double>(logits[id]) - highest - std::log(sum);
}

}  // namespace detail

SHARPEYE_BODY double log_probability_of(const float* logits, Index size, std::int32_t id) {
  return detail::log_softmax_at(logits, size, id);
}
SHARPEYE_BODY double log_probability_of(const double* logits, Index size, std::int32_t id) {
  return detail::log_softmax_at(logits, size, id);
}

SHARPEYE_NAMESPACE_END
