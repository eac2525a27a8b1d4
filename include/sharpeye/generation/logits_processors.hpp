#pragma once

/// @file
/// What changes scores before a token is chosen, in Hugging Face's order and with its formulas.

#include <limits>
#include <vector>

#include "sharpeye/generation/generation_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

inline constexpr float kImpossible = -std::numeric_limits<float>::infinity();

/// What generation makes of fresh logits: checks them, and cuts the ids that only pad the vocabulary off before
/// anything is normalised, as the authors do, who resize the embedding to the tokenizer's length.
/// @throws Error kNotFinite for logits that are NaN or +infinity: whatever followed from them would mean nothing.
void take_logits(const GenerationConfig& config, std::vector<float>& logits);

/// The probabilities of one step, as the model gave them: they outlive process_scores(), which changes the logits.
class TokenProbabilities {
 public:
  /// @param logits after take_logits(); costs one pass over them, and a copy only where the settings change them
  TokenProbabilities(const GenerationConfig& config, const std::vector<float>& logits);
  /// @param normalizer log sum_i exp(logits_i), where it is known: 0 of log-probabilities
  TokenProbabilities(const GenerationConfig& config, const std::vector<float>& logits, float normalizer);

  /// log softmax(logits)[id]. @param logits those of the constructor, by now processed or not
  float log_probability(std::size_t id, const std::vector<float>& logits) const noexcept {
    return (before_.empty() ? logits : before_)[id] - normalizer_;
  }

 private:
  float normalizer_;
  std::vector<float> before_;  // the logits before they were changed; empty where nothing changes them
};

/// Repetition penalty (once per distinct token: s < 0 ? s * p : s / p), no repeated n-gram, no end before
/// min_new_tokens. `scores` are logits, or log-probabilities in beam search.
/// @param ids what the sequence has generated so far; a prompt of embeddings has no ids, so it does not count
void process_scores(const GenerationConfig& config, const std::vector<std::int32_t>& ids, std::vector<float>& scores);

/// Temperature, top-k, top-p, softmax: the distribution that sampling draws from. What is cut off gets 0.
std::vector<double> sampling_distribution(const GenerationConfig& config, std::vector<float> scores);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/logits_processors.inl"
#endif
