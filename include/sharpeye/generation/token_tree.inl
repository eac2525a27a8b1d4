#pragma once

/// @file
/// Bodies of token_tree.hpp.

#include "sharpeye/generation/token_tree.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "sharpeye/generation/candidates.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY TokenTree TokenTree::of_draft(const std::vector<std::int32_t>& ids) {
  TokenTree tree;
  std::size_t node = 0;
  for (const std::int32_t id : ids) {
    tree.nodes_[node].likely = {{0.0f, id}};
    node = tree.after(node, id);
  }
  return tree;
}

SHARPEYE_BODY std::size_t TokenTree::after(std::size_t parent, std::int32_t id) {
  for (std::size_t node = 1; node < nodes_.size(); ++node) {
    if (nodes_[node].parent == parent && nodes_[node].id == id) return node;
  }
  nodes_.push_back({parent, id, nodes_[parent].depth + 1, {}, kUnread, {}});
  return nodes_.size() - 1;
}

SHARPEYE_BODY void TokenTree::learn(std::size_t node, const std::vector<float>& logits,
                                    const GenerationConfig& config) {
  const std::size_t size =
      config.num_tokens > 0 ? std::min(logits.size(), static_cast<std::size_t>(config.num_tokens)) : logits.size();
  const float normalizer = simd::kernels().log_sum_exp(static_cast<Index>(size), logits.data());
  nodes_[node].likely.clear();
  if (!std::isfinite(normalizer)) return;
  for (const auto& [log_probability, id] :
       detail::largest(logits.data(), size, -normalizer, detail::num_candidates(config))) {
    nodes_[node].likely.push_back({log_probability, id});
  }
}

SHARPEYE_BODY void TokenTree::forget_logits_before(Index depth) {
  for (Node& node : nodes_) {
    if (node.depth < depth) node.logits = {};
  }
}

SHARPEYE_BODY void TokenTree::forget_reading() {
  for (Node& node : nodes_) {
    node.number = kUnread;
    node.logits = {};
  }
  nodes_.front().number = kPrompt;
}

SHARPEYE_BODY const std::vector<LikelyToken>& TokenTree::expected_after(std::size_t node) const {
  if (!nodes_[node].likely.empty()) return nodes_[node].likely;
  std::size_t best = 0;
  std::tuple<Index, bool, Index> best_likeness{-1, false, 0};
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (nodes_[other].likely.empty()) continue;
    const std::tuple<Index, bool, Index> likeness{common_tokens(node, other), is_read(other),
                                                  -std::abs(nodes_[node].depth - nodes_[other].depth)};
    if (likeness <= best_likeness) continue;
    best_likeness = likeness;
    best = other;
  }
  return nodes_[best].likely;
}

SHARPEYE_BODY Index TokenTree::common_tokens(std::size_t a, std::size_t b) const {
  constexpr Index kMost = 4;  // more make no difference
  Index count = 0;
  for (; count < kMost && a != 0 && b != 0 && nodes_[a].id == nodes_[b].id; ++count) {
    a = nodes_[a].parent;
    b = nodes_[b].parent;
  }
  return count;
}

SHARPEYE_NAMESPACE_END
