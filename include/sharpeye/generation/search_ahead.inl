#pragma once

/// @file
/// Bodies of search_ahead.hpp.

#include "sharpeye/generation/search_ahead.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "sharpeye/generation/beams.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Reads the beams' tokens together with those that are expected to be chosen next.
class AheadReader {
 public:
  /// @param margin of log-probabilities between passes, see beam_search_from_draft()
  AheadReader(NextToken& model, const GenerationConfig& config, TokenTree& tree, float margin, DraftStatistics& count)
      : model_(model), config_(config), tree_(tree), margin_(margin), count_(count) {
    tree_.forget_reading();
  }

  std::vector<std::vector<float>> start() {
    std::vector<std::vector<float>> first{model_.start()};
    tree_.learn(0, first.front(), config_);
    return first;
  }

  std::vector<std::vector<float>> step(const std::vector<Index>& parents, const std::vector<Beam>& beams,
                                       std::size_t num_finished) {
    std::vector<Expected> latest;
    bool is_known = true;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      const std::size_t node = tree_.after(beams_[static_cast<std::size_t>(parents[i])], beams[i].sequence.ids.back());
      latest.push_back({node, beams[i].log_probability});
      is_known = is_known && tree_.is_read(node);
    }
    beams_.clear();
    for (const Expected& beam : latest) beams_.push_back(beam.node);
    if (is_known) {
      count_.accepted += static_cast<Index>(beams.size());
    } else {
      read(expected_nodes(std::move(latest), num_finished));
    }
    tree_.forget_logits_before(tree_[beams_.front()].depth);
    std::vector<std::vector<float>> logits;
    for (const std::size_t node : beams_) logits.push_back(tree_[node].logits);
    return logits;
  }

  /// Whether plain beam search, whose logits differ in their last bits, chooses and finishes the same candidates: every
  /// one that was looked at leads every other by more than both can be wrong.
  /// @param is_end of the candidates that were looked at; the others were not chosen
  bool is_certain(const std::vector<Candidate>& candidates, const std::vector<bool>& is_end,
                  const std::vector<Beam>& beams, std::size_t num_beams) const {
    if (margin_ == 0) return true;
    const auto leads = [&](const Candidate& a, const Candidate& b) {
      if (b.log_probability == kImpossible) return true;
      const auto& first = beams[static_cast<std::size_t>(a.beam)].sequence.ids;
      const auto& second = beams[static_cast<std::size_t>(b.beam)].sequence.ids;
      // What both have in common was added up from the same numbers.
      const auto common = std::mismatch(first.begin(), first.end(), second.begin()).first - first.begin();
      const auto apart = static_cast<float>(static_cast<std::ptrdiff_t>(first.size()) - common + 1);
      return a.log_probability - b.log_probability > 2 * apart * margin_;
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
    if (margin_ == 0) return true;
    const auto error = [&](const FinishedBeams::Finished& beam) {
      return margin_ * std::pow(static_cast<double>(beam.length), 1 - config_.length_penalty);
    };
    for (std::size_t i = 0; i < finished.size(); ++i) {
      for (std::size_t j = i + 1; j < finished.size(); ++j) {
        if (std::abs(finished[i].score - finished[j].score) <= error(finished[i]) + error(finished[j])) return false;
      }
    }
    return true;
  }

 private:
  // A beam of the search that is played ahead.
  struct Expected {
    std::size_t node;
    float log_probability;
  };

  // The nodes of the beams, and of the next steps', that have not been read.
  std::vector<std::size_t> expected_nodes(std::vector<Expected> beams, std::size_t num_finished) {
    constexpr Index kMicroTiles = 24;  // two of them: more rows cost more than a pass
    const Index spare = kSpareTokens + tree_[beams.front().node].depth * config_.num_beams - num_read_;
    const auto most = static_cast<std::size_t>(std::min(kMicroTiles, spare));
    std::vector<std::size_t> nodes;
    while (!beams.empty() && tree_[beams.front().node].depth < config_.max_new_tokens) {
      std::vector<std::size_t> unread;
      for (const Expected& beam : beams) {
        if (!tree_.is_read(beam.node)) unread.push_back(beam.node);
      }
      if (!nodes.empty() && nodes.size() + unread.size() > most) break;
      nodes.insert(nodes.end(), unread.begin(), unread.end());
      beams = next(beams, num_finished);
    }
    return nodes;
  }

  // A step of search_beams() with what is expected; no beams where it would be the last.
  std::vector<Expected> next(const std::vector<Expected>& beams, std::size_t& num_finished) {
    const auto num_beams = static_cast<std::size_t>(config_.num_beams);
    std::vector<Candidate> candidates;
    for (std::size_t beam = 0; beam < beams.size(); ++beam) {
      for (const LikelyToken& token : tree_.expected_after(beams[beam].node)) {
        candidates.push_back(
            {beams[beam].log_probability + token.log_probability, static_cast<Index>(beam), token.id, 0});
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(), is_better);
    candidates.resize(std::min(candidates.size(), num_candidates(config_)));
    std::vector<Expected> result;
    for (std::size_t rank = 0; rank < candidates.size() && result.size() < num_beams; ++rank) {
      const Candidate& candidate = candidates[rank];
      if (config_.is_eos(candidate.id)) {
        num_finished += rank < num_beams ? 1 : 0;
        continue;
      }
      result.push_back(
          {tree_.after(beams[static_cast<std::size_t>(candidate.beam)].node, candidate.id), candidate.log_probability});
    }
    return num_finished < num_beams ? result : std::vector<Expected>{};
  }

  void read(const std::vector<std::size_t>& nodes) {
    std::vector<TreeToken> tokens;
    for (const std::size_t node : nodes) {
      tokens.push_back({tree_[tree_[node].parent].number, tree_[node].id});
      tree_.read(node, num_read_++);
    }
    std::vector<std::vector<float>> logits = model_.branch(tokens);
    ++count_.passes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      tree_.learn(nodes[i], logits[i], config_);
      tree_.keep_logits(nodes[i], std::move(logits[i]));
    }
  }

  NextToken& model_;
  const GenerationConfig& config_;
  TokenTree& tree_;
  float margin_;
  DraftStatistics& count_;
  std::vector<std::size_t> beams_{0};
  Index num_read_ = 0;
};

}  // namespace detail

SHARPEYE_BODY GeneratedSequence beam_search_from_draft(NextToken& model, const GenerationConfig& config,
                                                       TokenTree& expected, float margin, const GenerationHooks& hooks,
                                                       DraftStatistics* statistics) {
  check(config, "generation: ");
  require(config.num_beams > 1, ErrorCode::kConfig, "draft: expected beams, actual greedy decoding or sampling");
  DraftStatistics counted;
  DraftStatistics& count = statistics == nullptr ? counted : *statistics;
  // Other settings compare scores in more places, or make more of small differences. And of many beams a pass reads few
  // steps ahead, and some are nearly always near ties.
  constexpr Index kMostBeams = 8;
  const bool is_usual =
      config.early_stopping == EarlyStopping::kTrue && config.repetition_penalty == 1 && config.num_beams <= kMostBeams;
  if (is_usual && !expected.is_empty()) {
    detail::AheadReader reader(model, config, expected, margin, count);
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
