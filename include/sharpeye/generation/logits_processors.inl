#pragma once

/// @file
/// Bodies of logits_processors.hpp.

#include "sharpeye/generation/logits_processors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void take_logits(const GenerationConfig& config, std::vector<float>& logits) {
  if (config.num_tokens > 0 && static_cast<std::size_t>(config.num_tokens) < logits.size()) {
    logits.resize(static_cast<std::size_t>(config.num_tokens));
  }
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (const float logit : logits) {
    if (!(logit <= kLargest)) fail(ErrorCode::kNotFinite, "generation: expected finite logits, actual ", logit);
  }
}

SHARPEYE_BODY TokenProbabilities::TokenProbabilities(const GenerationConfig& config, const std::vector<float>& logits)
    : TokenProbabilities(config, logits,
                         simd::kernels().log_sum_exp(static_cast<Index>(logits.size()), logits.data())) {}
SHARPEYE_BODY TokenProbabilities::TokenProbabilities(const GenerationConfig& config, const std::vector<float>& logits,
                                                     float normalizer)
    : normalizer_(normalizer) {
  if (config.repetition_penalty != 1 || config.no_repeat_ngram_size > 0 || config.min_new_tokens > 0) before_ = logits;
}

SHARPEYE_BODY void process_scores(const GenerationConfig& config, const std::vector<std::int32_t>& ids,
                                  std::vector<float>& scores) {
  if (config.repetition_penalty != 1) {
    const auto penalty = static_cast<float>(config.repetition_penalty);
    std::vector<std::int32_t> distinct = ids;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const std::int32_t id : distinct) {
      float& score = scores[static_cast<std::size_t>(id)];
      score = score < 0 ? score * penalty : score / penalty;
    }
  }
  const Index length = static_cast<Index>(ids.size());
  const Index ngram = config.no_repeat_ngram_size;
  if (ngram > 0) {
    for (Index begin = 0; begin + ngram <= length; ++begin) {
      // A former n-gram whose first n - 1 tokens are the latest ones forbids its last.
      if (std::equal(ids.end() - (ngram - 1), ids.end(), ids.begin() + begin)) {
        scores[static_cast<std::size_t>(ids[static_cast<std::size_t>(begin + ngram - 1)])] = kImpossible;
      }
    }
  }
  if (length < config.min_new_tokens) {
    for (const std::int32_t eos : config.eos_token_ids) scores[static_cast<std::size_t>(eos)] = kImpossible;
  }
}

SHARPEYE_BODY std::vector<double> sampling_distribution(const GenerationConfig& config, std::vector<float> scores) {
  for (float& score : scores) score /= static_cast<float>(config.temperature);
  std::vector<std::int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto score_of = [&](std::int32_t id) { return scores[static_cast<std::size_t>(id)]; };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return score_of(a) > score_of(b); });
  std::size_t kept = order.size();
  if (config.top_k > 0 && static_cast<std::size_t>(config.top_k) < kept) {
    const float worst = score_of(order[static_cast<std::size_t>(config.top_k) - 1]);
    kept = 0;  // ties with the k-th stay, as in Hugging Face
    while (kept < order.size() && score_of(order[kept]) >= worst) ++kept;
  }
  while (kept > 1 && score_of(order[kept - 1]) == kImpossible) --kept;
  std::vector<double> weights(kept);
  double sum = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    sum += weights[i] = std::exp(static_cast<double>(score_of(order[i])) - score_of(order[0]));
  }
  if (config.top_p < 1) {
    // Tokens are dropped from the unlikely end while what they add up to stays within 1 - top_p; one always remains.
    double dropped = 0;
    while (kept > 1 && dropped + weights[kept - 1] <= (1 - config.top_p) * sum) dropped += weights[--kept];
    sum -= dropped;
  }
  std::vector<double> distribution(scores.size(), 0);
  for (std::size_t i = 0; i < kept; ++i) distribution[static_cast<std::size_t>(order[i])] = weights[i] / sum;
  return distribution;
}

SHARPEYE_NAMESPACE_END
