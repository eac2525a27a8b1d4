#pragma once

/// @file
/// Bodies of search_ahead.hpp.

#include "sharpeye/generation/search_ahead.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

#include "sharpeye/generation/beams.hpp"
#include "sharpeye/generation/logits_processors.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A token that may come next, and ln of its probability.
struct LikelyToken {
  float log_probability;
  std::int32_t id;
};

/// The `count` likeliest tokens, likeliest first; none where the logits are not finite.
inline std::vector<LikelyToken> likeliest(const GenerationConfig& config, const std::vector<float>& logits,
                                          std::size_t count) {
  const std::size_t size =
      config.num_tokens > 0 ? std::min(logits.size(), static_cast<std::size_t>(config.num_tokens)) : logits.size();
  const float normalizer = simd::kernels().log_sum_exp(static_cast<Index>(size), logits.data());
  std::vector<LikelyToken> best;
  if (!std::isfinite(normalizer)) return best;
  const auto is_likelier = [](const LikelyToken& a, const LikelyToken& b) {
    return a.log_probability > b.log_probability;
  };
  for (std::size_t id = 0; id < size; ++id) {
    const LikelyToken token{logits[id] - normalizer, static_cast<std::int32_t>(id)};
    if (best.size() == count && !is_likelier(token, best.back())) continue;
    if (best.size() == count) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), token, is_likelier), token);
  }
  return best;
}

/// The tree of all tokens that were read or are expected after a prompt, with what is known to follow each. Node 0 is
/// the prompt.
class TokenTree {
 public:
  struct Node {
    std::size_t parent;
    std::int32_t id;
    Index depth;   ///< of the tree: tokens from the prompt to here
    Index number;  ///< in the model's tree; kUnread
    std::vector<float> logits;
    std::vector<LikelyToken> likely;
  };
  static constexpr Index kUnread = -2, kPrompt = -1;

  TokenTree() : nodes_{{0, -1, 0, kPrompt, {}, {}}} {}

  Node& operator[](std::size_t node) { return nodes_[node]; }
  bool is_read(std::size_t node) const { return nodes_[node].number != kUnread; }

  /// The node of the token `id` after `parent`: the one that there is, or a new one.
  std::size_t after(std::size_t parent, std::int32_t id) {
    for (std::size_t node = 1; node < nodes_.size(); ++node) {
      if (nodes_[node].parent == parent && nodes_[node].id == id) return node;
    }
    nodes_.push_back({parent, id, nodes_[parent].depth + 1, kUnread, {}, {}});
    return nodes_.size() - 1;
  }

  /// What is likely to follow a node: what is known of it, or of the node before which the same words stand, as many as
  /// there are; of several the one whose depth is nearest.
  const std::vector<LikelyToken>& expected_after(std::size_t node) const {
    if (!nodes_[node].likely.empty()) return nodes_[node].likely;
    std::size_t best = 0;
    std::pair<Index, Index> best_likeness{-1, 0};
    for (std::size_t other = 0; other < nodes_.size(); ++other) {
      if (nodes_[other].likely.empty()) continue;
      const std::pair<Index, Index> likeness{common_words(node, other),
                                             -std::abs(nodes_[node].depth - nodes_[other].depth)};
      if (likeness <= best_likeness) continue;
      best_likeness = likeness;
      best = other;
    }
    return nodes_[best].likely;
  }

  /// Logits are large, and those of shorter sequences than `depth` are not asked for any more.
  void forget_logits_before(Index depth) {
    for (Node& node : nodes_) {
      if (node.depth < depth) node.logits = {};
    }
  }

 private:
  Index common_words(std::size_t a, std::size_t b) const {
    constexpr Index kMost = 4;  // more make no difference
    Index count = 0;
    for (; count < kMost && a != 0 && b != 0 && nodes_[a].id == nodes_[b].id; ++count) {
      a = nodes_[a].parent;
      b = nodes_[b].parent;
    }
    return count;
  }

  std::vector<Node> nodes_;
};

/// Reads the beams' tokens together with those that are expected to be chosen next.
class AheadReader {
 public:
  AheadReader(NextToken& model, const GenerationConfig& config, const std::vector<std::int32_t>& draft,
              DraftStatistics& count)
      : model_(model), config_(config), draft_(draft), count_(count) {}

  std::vector<std::vector<float>> start() {
    std::vector<std::vector<float>> first{model_.start()};
    tree_[0].likely = likeliest(config_, first.front(), num_likely());
    // The prompt's pass may have read the draft. It rounds otherwise than passes that follow a prompt: what it says is
    // expected only.
    if (!draft_.empty()) {
      std::size_t node = 0;
      const std::vector<std::vector<float>> logits = model_.read(0, draft_);
      for (std::size_t i = 0; i < draft_.size(); ++i) {
        node = tree_.after(node, draft_[i]);
        tree_[node].likely = likeliest(config_, logits[i], num_likely());
      }
      model_.rewind();
    }
    beams_ = {0};
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
  // A beam of the search that is played ahead.
  struct Expected {
    std::size_t node;
    float log_probability;
  };

  std::size_t num_likely() const { return num_candidates(config_); }

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
      tree_[node].number = num_read_++;
    }
    std::vector<std::vector<float>> logits = model_.branch(tokens);
    ++count_.passes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      tree_[nodes[i]].likely = likeliest(config_, logits[i], num_likely());
      tree_[nodes[i]].logits = std::move(logits[i]);
    }
  }

  NextToken& model_;
  const GenerationConfig& config_;
  const std::vector<std::int32_t>& draft_;
  DraftStatistics& count_;
  TokenTree tree_;
  std::vector<std::size_t> beams_;
  Index num_read_ = 0;
};

}  // namespace detail

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
    detail::AheadReader reader(model, config, draft, count);
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
