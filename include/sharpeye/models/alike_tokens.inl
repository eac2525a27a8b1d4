#pragma once

/// @file
/// Bodies of alike_tokens.hpp.

#include "sharpeye/models/alike_tokens.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Groups of tokens on their way to fewer. A group has the number of its first member.
class TokenGroups {
 public:
  TokenGroups(const Matrix<float>& tokens, const NeighbouringTokens& neighbours)
      : means_(tokens), members_(static_cast<std::size_t>(tokens.rows())), linked_(members_.size(), 0) {
    for (std::size_t i = 0; i < members_.size(); ++i) members_[i] = {static_cast<std::int32_t>(i)};
    for (const auto& [a, b] : neighbours) links_.push_back({std::min(a, b), std::max(a, b), loss(a, b)});
  }

  /// Merges the two neighbours that lose least; of equals the first. @return false where there are none
  bool merge_two() {
    const auto best = std::min_element(links_.begin(), links_.end(),
                                       [](const Link& one, const Link& other) { return one.loss < other.loss; });
    if (best == links_.end()) return false;
    const auto [a, b, loss_of_these] = *best;
    const float n = size(a), m = size(b);
    means_.row(a) = (n * means_.row(a) + m * means_.row(b)) / (n + m);
    auto &kept = members_[static_cast<std::size_t>(a)], &gone = members_[static_cast<std::size_t>(b)];
    kept.insert(kept.end(), gone.begin(), gone.end());
    gone.clear();
    relink(a, b);
    return true;
  }

  /// The groups that are left, with their members in ascending order.
  std::vector<std::vector<std::int32_t>> take() {
    std::vector<std::vector<std::int32_t>> left;
    for (auto& group : members_) {
      if (group.empty()) continue;
      std::sort(group.begin(), group.end());
      left.push_back(std::move(group));
    }
    return left;
  }

 private:
  struct Link {
    std::int32_t a, b;  // a < b
    float loss;
  };

  float size(std::int32_t group) const { return static_cast<float>(members_[static_cast<std::size_t>(group)].size()); }
  float loss(std::int32_t a, std::int32_t b) const {
    return size(a) * size(b) / (size(a) + size(b)) * (means_.row(a) - means_.row(b)).squaredNorm();
  }

  // b has become a part of a: links to it are to a, each other group's once.
  void relink(std::int32_t a, std::int32_t b) {
    ++stamp_;
    auto end = links_.begin();
    for (Link link : links_) {
      if (link.a == b) link.a = a;
      if (link.b == b) link.b = a;
      if (link.a == link.b) continue;
      if (link.a == a || link.b == a) {
        const std::int32_t other = link.a == a ? link.b : link.a;
        Index& seen = linked_[static_cast<std::size_t>(other)];
        if (std::exchange(seen, stamp_) == stamp_) continue;
        link = {std::min(a, other), std::max(a, other), loss(a, other)};
      }
      *end++ = link;
    }
    links_.erase(end, links_.end());
  }

  Matrix<float> means_;
  std::vector<std::vector<std::int32_t>> members_;
  std::vector<Link> links_;
  std::vector<Index> linked_;  // of each group the latest stamp
  Index stamp_ = 0;
};

}  // namespace detail

SHARPEYE_BODY NeighbouringTokens grid_neighbours(Index side, Index levels) {
  NeighbouringTokens links;
  const Index patches = side * side;
  for (Index i = 0; i < levels * patches; ++i) {
    const auto link_to = [&](Index other) {
      links.emplace_back(static_cast<std::int32_t>(i), static_cast<std::int32_t>(other));
    };
    if (i % side + 1 < side) link_to(i + 1);
    if (i % patches + side < patches) link_to(i + side);
    if (i + patches < levels * patches) link_to(i + patches);
  }
  return links;
}

SHARPEYE_BODY NeighbouringTokens all_neighbours(Index count) {
  NeighbouringTokens links;
  for (Index i = 0; i < count; ++i) {
    for (Index j = i + 1; j < count; ++j) {
      links.emplace_back(static_cast<std::int32_t>(i), static_cast<std::int32_t>(j));
    }
  }
  return links;
}

SHARPEYE_BODY MergedTokens merge_alike(const Matrix<float>& tokens, const NeighbouringTokens& neighbours, Index count) {
  detail::TokenGroups merging(tokens, neighbours);
  for (Index left = tokens.rows(); left > count && merging.merge_two(); --left) {
  }
  const std::vector<std::vector<std::int32_t>> groups = merging.take();
  std::vector<std::int32_t> places;
  for (const auto& group : groups) {
    Eigen::RowVectorXf mean = Eigen::RowVectorXf::Zero(tokens.cols());
    for (const std::int32_t member : group) mean += tokens.row(member);
    mean /= static_cast<float>(group.size());
    const auto distance = [&](std::int32_t member) { return (tokens.row(member) - mean).squaredNorm(); };
    // Two members are equally near, whatever rounding says: another than the first must be so clearly.
    constexpr float kClearly = 0.99f;
    std::int32_t place = group.front();
    float least = distance(place);
    for (const std::int32_t member : group) {
      if (distance(member) >= kClearly * least) continue;
      place = member;
      least = distance(member);
    }
    places.push_back(place);
  }
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  MergedTokens merged;
  for (const std::size_t group : order) {
    merged.groups.push_back(groups[group]);
    merged.places.push_back(places[group]);
  }
  return merged;
}

SHARPEYE_NAMESPACE_END
