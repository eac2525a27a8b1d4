#pragma once

/// @file
/// Bodies of draft_verification.hpp.

#include "sharpeye/generation/draft_verification.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

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

SHARPEYE_NAMESPACE_END
