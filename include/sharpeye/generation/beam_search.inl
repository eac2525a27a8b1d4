#pragma once

/// @file
/// Bodies of generate.hpp: beam search with the semantics of Hugging Face's generate().

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sharpeye/generation/generate.hpp"
#include "sharpeye/generation/logits_processors.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A sequence and the sum of its log-probabilities.
struct Beam {
  GeneratedSequence sequence;
  float log_probability;  // after the processors, which is what the search compares
};

/// One beam continued by one token.
struct Candidate {
  float log_probability;
  Index beam;
  std::int32_t id;
  float token_log_probability;  // of the id alone, before the processors
};

/// The num_beams best finished sequences.
class FinishedBeams {
 public:
  explicit FinishedBeams(const GenerationConfig& config) : config_(config) {}

  /// @param length the tokens that the score is divided by (end token included)
  void add(GeneratedSequence sequence, float log_probability, Index length) {
    const double score = normalized(log_probability, length);
    if (is_full() && score <= worst()->score) return;
    if (is_full()) finished_.erase(worst());
    finished_.push_back({std::move(sequence), score});
  }

  /// @param best the best running log-probability, at `length` tokens
  bool is_done(float best, Index length) const {
    if (!is_full()) return false;
    if (config_.early_stopping == EarlyStopping::kTrue) return true;
    const bool at_full_length = config_.early_stopping == EarlyStopping::kNever && config_.length_penalty > 0;
    return worst()->score >= normalized(best, at_full_length ? config_.max_new_tokens : length);
  }

  bool is_empty() const { return finished_.empty(); }

  /// The sequence of the highest score, the latest of equals.
  const GeneratedSequence& best() const {
    auto best = finished_.begin();
    for (auto it = finished_.begin(); it != finished_.end(); ++it) {
      if (it->score >= best->score) best = it;
    }
    return best->sequence;
  }

 private:
  struct Finished {
    GeneratedSequence sequence;
    double score;
  };

  bool is_full() const { return static_cast<Index>(finished_.size()) >= config_.num_beams; }
  double normalized(float log_probability, Index length) const {
    return static_cast<double>(log_probability) / std::pow(static_cast<double>(length), config_.length_penalty);
  }
  std::vector<Finished>::const_iterator worst() const {
    return std::min_element(finished_.begin(), finished_.end(),
                            [](const Finished& a, const Finished& b) { return a.score < b.score; });
  }

  const GenerationConfig& config_;
  std::vector<Finished> finished_;
};

/// The `count` best continuations of all beams, best first; of equals the one of the lower beam, then of the lower id.
inline std::vector<Candidate> best_candidates(const GenerationConfig& config, const std::vector<Beam>& beams,
                                              std::vector<std::vector<float>> logits, std::size_t count) {
  std::vector<Candidate> best;
  const auto is_better = [](const Candidate& a, const Candidate& b) { return a.log_probability > b.log_probability; };
  for (std::size_t beam = 0; beam < beams.size(); ++beam) {
    std::vector<float>& scores = logits[beam];
    take_logits(config, scores);
    const float normalizer = simd::kernels().log_sum_exp(static_cast<Index>(scores.size()), scores.data());
    for (float& score : scores) score -= normalizer;
    const TokenProbabilities probabilities(config, scores, 0.0f);
    process_scores(config, beams[beam].sequence.ids, scores);
    for (std::size_t id = 0; id < scores.size(); ++id) {
      const float log_probability = scores[id] + beams[beam].log_probability;
      if (best.size() == count && !(log_probability > best.back().log_probability)) continue;
      if (best.size() == count) best.pop_back();
      const Candidate candidate{log_probability, static_cast<Index>(beam), static_cast<std::int32_t>(id),
                                probabilities.log_probability(id, scores)};
      best.insert(std::upper_bound(best.begin(), best.end(), candidate, is_better), candidate);
    }
  }
  return best;
}

}  // namespace detail

SHARPEYE_BODY GeneratedSequence beam_search(NextToken& model, const GenerationConfig& config,
                                            const GenerationHooks& hooks) {
  const auto num_beams = static_cast<std::size_t>(config.num_beams);
  detail::FinishedBeams finished(config);
  std::vector<detail::Beam> beams{{{}, 0.0f}};
  std::vector<std::vector<float>> logits{model.start()};
  const std::size_t num_candidates = std::max<std::size_t>(2, 1 + config.eos_token_ids.size()) * num_beams;
  for (Index length = 1;; ++length) {  // tokens of the candidates
    const std::vector<detail::Candidate> candidates =
        detail::best_candidates(config, beams, std::move(logits), num_candidates);
    std::vector<detail::Beam> running;
    std::vector<Index> parents;
    std::vector<std::int32_t> ids;
    for (std::size_t rank = 0; rank < candidates.size() && running.size() < num_beams; ++rank) {
      const detail::Candidate& candidate = candidates[rank];
      if (candidate.log_probability == kImpossible) break;
      GeneratedSequence sequence = beams[static_cast<std::size_t>(candidate.beam)].sequence;
      sequence.ids.push_back(candidate.id);
      sequence.log_probabilities.push_back(candidate.token_log_probability);
      if (is_finished(config, hooks, sequence.ids)) {
        // An end that is not among the first num_beams would not have been chosen without the extra candidates.
        if (rank < num_beams) finished.add(std::move(sequence), candidate.log_probability, length);
        continue;
      }
      running.push_back({std::move(sequence), candidate.log_probability});
      parents.push_back(candidate.beam);
      ids.push_back(candidate.id);
    }
    beams = std::move(running);
    const bool is_done =
        beams.empty() || (!candidates.empty() && finished.is_done(candidates.front().log_probability, length));
    const bool goes_on = !hooks.on_step || beams.empty() || hooks.on_step(beams.front().sequence.ids);
    if (is_done) break;
    if (length >= config.max_new_tokens || !goes_on) {
      for (detail::Beam& beam : beams) finished.add(std::move(beam.sequence), beam.log_probability, length);
      break;
    }
    logits = model.step(parents, ids);
  }
  return finished.is_empty() ? GeneratedSequence{} : finished.best();
}

SHARPEYE_NAMESPACE_END
