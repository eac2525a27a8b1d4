#pragma once

/// @file
/// Two opinions on each token. For .inl files.

#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/generation/next_token.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Two models, or one after two prompts, that write one text together: the logits are (1 - share) a + share b, so that
/// the probabilities are proportional to p_a^(1 - share) p_b^share. Both read all that is written.
class MixedNextToken final : public NextToken {
 public:
  /// @param share of b: in (0, 1)
  MixedNextToken(NextToken& a, NextToken& b, float share) : a_(a), b_(b), share_(share) {}

  std::vector<float> start() override {
    std::vector<float> logits = a_.start();
    mix(logits, b_.start());
    return logits;
  }
  std::vector<std::vector<float>> step(const std::vector<Index>& parents,
                                       const std::vector<std::int32_t>& ids) override {
    return mixed(a_.step(parents, ids), b_.step(parents, ids));
  }
  std::vector<std::vector<float>> branch(const std::vector<TreeToken>& tokens) override {
    return mixed(a_.branch(tokens), b_.branch(tokens));
  }
  void rewind() override {
    a_.rewind();
    b_.rewind();
  }
  std::vector<std::vector<float>> read(Index length, const std::vector<std::int32_t>& ids) override {
    return mixed(a_.read(length, ids), b_.read(length, ids));
  }

 private:
  void mix(std::vector<float>& logits, const std::vector<float>& other) const {
    require(logits.size() == other.size(), ErrorCode::kInvalidArgument,
            "two opinions: expected one vocabulary, actual ", logits.size(), " and ", other.size(), " tokens");
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] += share_ * (other[i] - logits[i]);
  }
  std::vector<std::vector<float>> mixed(std::vector<std::vector<float>> rows,
                                        const std::vector<std::vector<float>>& others) const {
    for (std::size_t i = 0; i < rows.size(); ++i) mix(rows[i], others[i]);
    return rows;
  }

  NextToken& a_;
  NextToken& b_;
  float share_;
};

SHARPEYE_NAMESPACE_END
