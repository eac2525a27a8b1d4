#pragma once

// A model without a network, to test generation itself.

#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "sharpeye/generation/next_token.hpp"

namespace test {

using sharpeye::Index, sharpeye::NextToken, sharpeye::TreeToken;

/// A model whose next logits are a function of the sequence.
class Scripted final : public NextToken {
 public:
  explicit Scripted(std::function<std::vector<float>(const std::vector<std::int32_t>&)> logits)
      : logits_(std::move(logits)) {}
  std::vector<float> start() override { return logits_({}); }
  std::vector<std::vector<float>> step(const std::vector<Index>& parents,
                                       const std::vector<std::int32_t>& ids) override {
    std::vector<std::vector<std::int32_t>> next;
    std::vector<std::vector<float>> result;
    for (std::size_t i = 0; i < parents.size(); ++i) {
      next.push_back(sequences_[static_cast<std::size_t>(parents[i])]);
      next.back().push_back(ids[i]);
      result.push_back(logits_(next.back()));
    }
    sequences_ = next;
    return result;
  }
  std::vector<std::vector<float>> read(Index length, const std::vector<std::int32_t>& ids) override {
    ++reads;
    sequences_.front().resize(static_cast<std::size_t>(length));
    std::vector<std::vector<float>> result;
    for (const std::int32_t id : ids) {
      sequences_.front().push_back(id);
      result.push_back(logits_(sequences_.front()));
    }
    return result;
  }
  std::vector<std::vector<float>> branch(const std::vector<TreeToken>& tokens) override {
    std::vector<std::vector<float>> result;
    for (const TreeToken& token : tokens) {
      REQUIRE(token.parent < static_cast<Index>(tree_.size()));
      tree_.push_back(token.parent < 0 ? std::vector<std::int32_t>{} : tree_[static_cast<std::size_t>(token.parent)]);
      tree_.back().push_back(token.id);
      result.push_back(logits_(tree_.back()));
    }
    return result;
  }
  void rewind() override {
    sequences_ = {{}};
    tree_.clear();
  }
  int reads = 0;

 private:
  std::function<std::vector<float>(const std::vector<std::int32_t>&)> logits_;
  std::vector<std::vector<std::int32_t>> sequences_{{}}, tree_;
};

}  // namespace test
