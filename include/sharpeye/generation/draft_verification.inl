#pragma once

/// @file
/// Bodies of draft_verification.hpp.

#include "sharpeye/generation/draft_verification.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include "sharpeye/generation/beams.hpp"
#include "sharpeye/generation/logits_processors.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Follows a draft while the output departs from it and comes back.
class DraftCursor {
 public:
  explicit DraftCursor(const std::vector<std::int32_t>& draft) : draft_(&draft) {}

  /// The next tokens of the draft, at most `count`.
  std::vector<std::int32_t> next(std::size_t count) const {
    const std::size_t end = std::min(draft_->size(), at_ + count);
    return {draft_->begin() + static_cast<std::ptrdiff_t>(at_), draft_->begin() + static_cast<std::ptrdiff_t>(end)};
  }

  /// The output's last token was the draft's next one.
  void advance() { ++at_; }

  /// The output's last token was another: goes on after the place where the draft has its last two tokens, else where
  /// it has the last one a little later (words were left out), else behind one token (a word was replaced).
  void resynchronize(const std::vector<std::int32_t>& ids) {
    constexpr std::size_t kReach = 8;
    const std::size_t size = ids.size();
    const auto matches = [&](std::size_t place, std::size_t length) {
      return length <= size && place + 1 >= length &&
             std::equal(ids.end() - static_cast<std::ptrdiff_t>(length), ids.end(),
                        draft_->begin() + static_cast<std::ptrdiff_t>(place + 1 - length));
    };
    for (const std::size_t length : {std::size_t{2}, std::size_t{1}}) {
      const std::size_t first = at_ > 2 ? at_ - 2 : 0;
      for (std::size_t place = first; place < std::min(draft_->size(), at_ + kReach); ++place) {
        if (!matches(place, length)) continue;
        at_ = place + 1;
        return;
      }
    }
    at_ = std::min(draft_->size(), at_ + 1);
  }

 private:
  const std::vector<std::int32_t>* draft_;
  std::size_t at_ = 0;
};

/// Reads ahead: each beam is expected to go on as the draft does where the two are alike. Beams that do need no pass.
class DraftReader {
 public:
  DraftReader(NextToken& model, const GenerationConfig& config, const std::vector<std::int32_t>& draft,
              DraftStatistics& count)
      : model_(model), config_(config), draft_(draft), count_(count) {}

  std::vector<std::vector<float>> start() {
    std::vector<std::vector<float>> first{model_.start()};
    // The prompt's pass may have read the draft.
    if (!draft_.empty()) chains_.push_back({draft_, model_.read(0, draft_)});
    places_ = {{0, -1, DraftCursor(draft_)}};
    return first;
  }

  std::vector<std::vector<float>> step(const std::vector<Index>& parents, const std::vector<Beam>& beams) {
    std::vector<Place> places;
    bool is_known = true;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      Place place = places_[static_cast<std::size_t>(parents[i])];
      const std::int32_t id = beams[i].sequence.ids.back();
      const std::vector<std::int32_t> expected = place.cursor.next(1);
      if (!expected.empty() && expected.front() == id) {
        place.cursor.advance();
      } else {
        place.cursor.resynchronize(beams[i].sequence.ids);
      }
      ++place.token;
      is_known = is_known && place.chain < chains_.size() &&
                 static_cast<std::size_t>(place.token) < chains_[place.chain].ids.size() &&
                 chains_[place.chain].ids[static_cast<std::size_t>(place.token)] == id;
      places.push_back(place);
    }
    if (!is_known) read(beams, places);
    places_ = std::move(places);
    std::vector<std::vector<float>> logits;
    for (const Place& place : places_) {
      logits.push_back(chains_[place.chain].after[static_cast<std::size_t>(place.token)]);
    }
    if (is_known) count_.accepted += static_cast<Index>(beams.size());
    return logits;
  }

  /// Whether plain beam search, whose logits differ in their last bits, chooses and finishes the same candidates: every
  /// one that was looked at leads every other by more than both can be wrong.
  /// @param is_end of the candidates that were looked at; the others were not chosen
  bool is_certain(const std::vector<Candidate>& candidates, const std::vector<bool>& is_end,
                  const std::vector<Beam>& beams, std::size_t num_beams) const {
    const auto leads = [&](const Candidate& a, const Candidate& b) {
      if (b.log_probability == kImpossible) return true;
      const auto& first = beams[static_cast<std::size_t>(a.beam)].sequence.ids;
      const auto& second = beams[static_cast<std::size_t>(b.beam)].sequence.ids;
      // What both have in common was added up from the same numbers.
      const auto common = std::mismatch(first.begin(), first.end(), second.begin()).first - first.begin();
      const auto apart = static_cast<float>(static_cast<std::ptrdiff_t>(first.size()) - common + 1);
      return a.log_probability - b.log_probability > 2 * apart * kBeamMargin;
    };
    const std::size_t seen = is_end.size();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      for (std::size_t j = i + 1; j < candidates.size(); ++j) {
        const bool parts_chosen = i < seen && j >= seen;
        // An end counts among the first num_beams only.
        const bool parts_ends = i < num_beams && j >= num_beams && ((i < seen && is_end[i]) || (j < seen && is_end[j]));
        if ((parts_chosen || parts_ends) && !leads(candidates[i], candidates[j])) return false;
      }
    }
    return true;
  }

  /// The same of the finished sequences.
  bool is_certain(const std::vector<FinishedBeams::Finished>& finished) const {
    const auto error = [&](const FinishedBeams::Finished& beam) {
      return kBeamMargin * std::pow(static_cast<double>(beam.length), 1 - config_.length_penalty);
    };
    for (std::size_t i = 0; i < finished.size(); ++i) {
      for (std::size_t j = i + 1; j < finished.size(); ++j) {
        if (std::abs(finished[i].score - finished[j].score) <= error(finished[i]) + error(finished[j])) return false;
      }
    }
    return true;
  }

 private:
  // What one sequence of the model read in the latest pass, and the logits after each token.
  struct Chain {
    std::vector<std::int32_t> ids;
    std::vector<std::vector<float>> after;
  };
  // Where a beam stands: its latest token in a chain, and in the draft.
  struct Place {
    std::size_t chain;
    std::ptrdiff_t token;
    DraftCursor cursor;
  };

  // One pass over the latest token of each beam and what is expected after it.
  void read(const std::vector<Beam>& beams, std::vector<Place>& places) {
    const auto length = static_cast<Index>(beams.front().sequence.ids.size());
    const auto ahead =
        static_cast<std::size_t>(std::min(beam_ahead(config_.num_beams), config_.max_new_tokens - length));
    std::vector<Index> parents;
    std::vector<std::vector<std::int32_t>> ids;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      parents.push_back(static_cast<Index>(places[i].chain));
      ids.push_back(places[i].cursor.next(ahead));
      ids.back().insert(ids.back().begin(), beams[i].sequence.ids.back());
      ids.back().resize(ahead + 1, ids.back().back());  // all are equally long
    }
    auto after = model_.step_ahead(parents, length - 1, ids);
    ++count_.passes;
    chains_.clear();
    for (std::size_t i = 0; i < beams.size(); ++i) {
      const auto begin = after.begin() + static_cast<std::ptrdiff_t>(i * (ahead + 1));
      const auto end = begin + static_cast<std::ptrdiff_t>(ahead + 1);
      chains_.push_back({std::move(ids[i]), {std::make_move_iterator(begin), std::make_move_iterator(end)}});
      places[i].chain = i;
      places[i].token = 0;
    }
  }

  NextToken& model_;
  const GenerationConfig& config_;
  const std::vector<std::int32_t>& draft_;
  DraftStatistics& count_;
  std::vector<Chain> chains_;
  std::vector<Place> places_;
};

/// The best token after `ids`, by how much it leads, and its log-probability.
inline std::tuple<std::int32_t, float, float> choose(const GenerationConfig& config,
                                                     const std::vector<std::int32_t>& ids, std::vector<float>& scores) {
  take_logits(config, scores);
  const TokenProbabilities probabilities(config, scores);
  process_scores(config, ids, scores);
  const auto best = std::max_element(scores.begin(), scores.end());
  float second = kImpossible;
  for (auto it = scores.begin(); it != scores.end(); ++it) {
    if (it != best) second = std::max(second, *it);
  }
  const std::ptrdiff_t id = best - scores.begin();
  return {static_cast<std::int32_t>(id), *best - second,
          probabilities.log_probability(static_cast<std::size_t>(id), scores)};
}

}  // namespace detail

SHARPEYE_BODY GeneratedSequence generate_from_draft(NextToken& model, const GenerationConfig& config,
                                                    const std::vector<std::int32_t>& draft,
                                                    const GenerationHooks& hooks, DraftStatistics* statistics) {
  // The rows that a pass reads beside its first one: as many as the kernels read weights once for.
  constexpr std::size_t kAhead = 5;
  check(config, "generation: ");
  require(config.num_beams == 1 && !config.do_sample, ErrorCode::kConfig,
          "draft: expected greedy decoding, actual beams or sampling");
  DraftStatistics counted;
  DraftStatistics& count = statistics == nullptr ? counted : *statistics;
  detail::DraftCursor cursor(draft);
  GeneratedSequence sequence;
  std::vector<std::int32_t>& ids = sequence.ids;
  std::vector<float> scores = model.start();
  // Logits after each token of the draft's stretch `proposed`, the first `used` of which are in `ids`.
  std::vector<std::int32_t> proposed = draft;
  std::vector<std::vector<float>> after;
  if (!draft.empty()) after = model.read(0, draft);
  std::size_t used = 0;
  bool is_plain = true;  // whether `scores` come from a pass over one token
  for (;;) {
    auto [chosen, lead, log_probability] = detail::choose(config, ids, scores);
    if (!is_plain && lead < kDraftMargin) {
      scores = std::move(model.read(static_cast<Index>(ids.size()) - 1, {ids.back()}).front());
      ++count.passes;
      std::tie(chosen, lead, log_probability) = detail::choose(config, ids, scores);
      after.clear();  // the rest of the stretch is no longer in the model
      proposed.clear();
      used = 0;
    }
    const bool is_expected = !cursor.next(1).empty() && cursor.next(1).front() == chosen;
    ids.push_back(chosen);
    sequence.log_probabilities.push_back(log_probability);
    const bool goes_on = !hooks.on_step || hooks.on_step(ids);
    if (!goes_on || is_finished(config, hooks, ids) || static_cast<Index>(ids.size()) >= config.max_new_tokens) {
      return sequence;
    }
    if (is_expected) {
      cursor.advance();
    } else {
      cursor.resynchronize(ids);
    }
    if (used < proposed.size() && proposed[used] == chosen) {
      scores = std::move(after[used++]);
      is_plain = false;
      ++count.accepted;
      continue;
    }
    std::vector<std::int32_t> stretch{chosen};
    const Index room = config.max_new_tokens - static_cast<Index>(ids.size());
    proposed = cursor.next(std::min(kAhead, static_cast<std::size_t>(room)));
    stretch.insert(stretch.end(), proposed.begin(), proposed.end());
    after = model.read(static_cast<Index>(ids.size()) - 1, stretch);
    ++count.passes;
    scores = std::move(after.front());
    after.erase(after.begin());
    is_plain = proposed.empty();
    used = 0;
  }
}

SHARPEYE_BODY GeneratedSequence beam_search_from_draft(NextToken& model, const GenerationConfig& config,
                                                       const std::vector<std::int32_t>& draft,
                                                       const GenerationHooks& hooks, DraftStatistics* statistics) {
  check(config, "generation: ");
  require(config.num_beams > 1, ErrorCode::kConfig, "draft: expected beams, actual greedy decoding or sampling");
  DraftStatistics counted;
  DraftStatistics& count = statistics == nullptr ? counted : *statistics;
  // Other settings compare scores in more places, or make more of small differences.
  const bool is_usual = config.early_stopping == EarlyStopping::kTrue && config.repetition_penalty == 1;
  if (is_usual && !draft.empty()) {
    detail::DraftReader reader(model, config, draft, count);
    if (auto sequence = detail::search_beams(reader, config, hooks)) return *std::move(sequence);
    model.rewind();
  }
  GenerationHooks counting = hooks;
  counting.on_step = [&](const std::vector<std::int32_t>& ids) {
    ++count.passes;
    return !hooks.on_step || hooks.on_step(ids);
  };
  return beam_search(model, config, counting);
}

SHARPEYE_NAMESPACE_END
