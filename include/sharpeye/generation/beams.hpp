#pragma once

/// @file
/// The parts of beam search, with the semantics of Hugging Face's generate(): for beam_search() and
/// beam_search_from_draft().

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "sharpeye/generation/candidates.hpp"
#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/generation/logits_processors.hpp"
#include "sharpeye/generation/next_token.hpp"
#include "sharpeye/generation/token_tree.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN

// Of generate.hpp, which includes this file in the end.
bool is_finished(const GenerationConfig& config, const GenerationHooks& hooks, const std::vector<std::int32_t>& ids);

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

inline bool is_better(const Candidate& a, const Candidate& b) {
  return a.log_probability > b.log_probability;
}

/// The num_beams best finished sequences.
class FinishedBeams {
 public:
  struct Finished {
    GeneratedSequence sequence;
    double score;
    Index length;
  };

  explicit FinishedBeams(const GenerationConfig& config) : config_(config) {}

  /// @param length the tokens that the score is divided by (end token included)
  void add(GeneratedSequence sequence, float log_probability, Index length) {
    const double score = normalized(log_probability, length);
    all_.push_back({{}, score, length});
    if (is_full() && score <= worst()->score) return;
    if (is_full()) finished_.erase(worst());
    finished_.push_back({std::move(sequence), score, length});
  }

  /// @param best the best running log-probability, at `length` tokens
  bool is_done(float best, Index length) const {
    if (!is_full()) return false;
    if (config_.early_stopping == EarlyStopping::kTrue) return true;
    const bool at_full_length = config_.early_stopping == EarlyStopping::kNever && config_.length_penalty > 0;
    return worst()->score >= normalized(best, at_full_length ? config_.max_new_tokens : length);
  }

  std::size_t size() const { return finished_.size(); }
  /// All that were ever added, without their ids.
  const std::vector<Finished>& all() const { return all_; }

  /// The sequence of the highest score, the latest of equals.
  const GeneratedSequence& best() const {
    auto best = finished_.begin();
    for (auto it = finished_.begin(); it != finished_.end(); ++it) {
      if (it->score >= best->score) best = it;
    }
    return best->sequence;
  }

 private:
  bool is_full() const { return static_cast<Index>(finished_.size()) >= config_.num_beams; }
  double normalized(float log_probability, Index length) const {
    return static_cast<double>(log_probability) / std::pow(static_cast<double>(length), config_.length_penalty);
  }
  std::vector<Finished>::const_iterator worst() const {
    return std::min_element(finished_.begin(), finished_.end(),
                            [](const Finished& a, const Finished& b) { return a.score < b.score; });
  }

  const GenerationConfig& config_;
  std::vector<Finished> finished_, all_;
};

/// The `count` best continuations of all beams, best first; of equals the one of the lower beam, then of the lower id.
inline std::vector<Candidate> best_candidates(const GenerationConfig& config, const std::vector<Beam>& beams,
                                              std::vector<std::vector<float>> logits, std::size_t count) {
  std::vector<Candidate> best;
  for (std::size_t beam = 0; beam < beams.size(); ++beam) {
    std::vector<float>& scores = logits[beam];
    take_logits(config, scores);
    const float normalizer = simd::kernels().log_sum_exp(static_cast<Index>(scores.size()), scores.data());
    for (float& score : scores) score -= normalizer;
    const TokenProbabilities probabilities(config, scores, 0.0f);
    process_scores(config, beams[beam].sequence.ids, scores);
    for (const auto& [sum, id] : largest(scores.data(), scores.size(), beams[beam].log_probability, count)) {
      best.push_back(
          {sum, static_cast<Index>(beam), id, probabilities.log_probability(static_cast<std::size_t>(id), scores)});
    }
  }
  std::stable_sort(best.begin(), best.end(), is_better);
  best.resize(std::min(best.size(), count));
  return best;
}

/// Reads each step's tokens as they come: one pass of the model a step.
class StepByStep {
 public:
  /// @param record receives what was likely after each token; may be null
  StepByStep(NextToken& model, const GenerationConfig& config, TokenTree* record)
      : model_(model), config_(config), record_(record) {}

  std::vector<std::vector<float>> start() {
    std::vector<std::vector<float>> first{model_.start()};
    if (record_ != nullptr) record_->learn(0, first.front(), config_);
    return first;
  }
  /// Logits after each of the running beams, which are continuations of the former ones `parents`.
  std::vector<std::vector<float>> step(const std::vector<Index>& parents, const std::vector<Beam>& beams,
                                       std::size_t /*num_finished*/) {
    std::vector<std::int32_t> ids;
    for (const Beam& beam : beams) ids.push_back(beam.sequence.ids.back());
    std::vector<std::vector<float>> logits = model_.step(parents, ids);
    if (record_ == nullptr) return logits;
    std::vector<std::size_t> nodes;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      nodes.push_back(record_->after(nodes_[static_cast<std::size_t>(parents[i])], ids[i]));
      record_->learn(nodes.back(), logits[i], config_);
    }
    nodes_ = std::move(nodes);
    return logits;
  }
  /// Whether these choices do not hang on the last bits of the logits: here it does not matter.
  static bool is_certain(const std::vector<Candidate>&, const std::vector<bool>&, const std::vector<Beam>&,
                         std::size_t) {
    return true;
  }
  static bool is_certain(const std::vector<FinishedBeams::Finished>&) { return true; }

 private:
  NextToken& model_;
  const GenerationConfig& config_;
  TokenTree* record_;
  std::vector<std::size_t> nodes_{0};
};

/// Beam search with any way to read the beams' tokens; nothing when the reader says that a choice is not certain.
template <class Reader>
std::optional<GeneratedSequence> search_beams(Reader& reader, const GenerationConfig& config,
                                              const GenerationHooks& hooks) {
  const auto num_beams = static_cast<std::size_t>(config.num_beams);
  FinishedBeams finished(config);
  std::vector<Beam> beams{{{}, 0.0f}};
  std::vector<std::vector<float>> logits = reader.start();
  const std::size_t most = num_candidates(config);
  for (Index length = 1;; ++length) {  // tokens of the candidates
    // One more than may be chosen, for the reader.
    const std::vector<Candidate> candidates = best_candidates(config, beams, std::move(logits), most + 1);
    std::vector<Beam> running;
    std::vector<Index> parents;
    std::vector<bool> is_end;  // of the candidates that were looked at
    for (std::size_t rank = 0; rank < std::min(candidates.size(), most) && running.size() < num_beams; ++rank) {
      const Candidate& candidate = candidates[rank];
      if (candidate.log_probability == kImpossible) break;
      GeneratedSequence sequence = beams[static_cast<std::size_t>(candidate.beam)].sequence;
      sequence.ids.push_back(candidate.id);
      sequence.log_probabilities.push_back(candidate.token_log_probability);
      is_end.push_back(is_finished(config, hooks, sequence.ids));
      if (is_end.back()) {
        // An end that is not among the first num_beams would not have been chosen without the extra candidates.
        if (rank < num_beams) finished.add(std::move(sequence), candidate.log_probability, length);
        continue;
      }
      running.push_back({std::move(sequence), candidate.log_probability});
      parents.push_back(candidate.beam);
    }
    if (!reader.is_certain(candidates, is_end, beams, num_beams)) return std::nullopt;
    beams = std::move(running);
    const bool is_done =
        beams.empty() || (!candidates.empty() && finished.is_done(candidates.front().log_probability, length));
    const bool goes_on = !hooks.on_step || beams.empty() || hooks.on_step(beams.front().sequence.ids);
    if (is_done) break;
    if (length >= config.max_new_tokens || !goes_on) {
      for (Beam& beam : beams) finished.add(std::move(beam.sequence), beam.log_probability, length);
      break;
    }
    logits = reader.step(parents, beams, finished.size());
  }
  if (!reader.is_certain(finished.all())) return std::nullopt;
  return finished.size() == 0 ? GeneratedSequence{} : finished.best();
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
