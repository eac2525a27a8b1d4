#pragma once

/// @file
/// A language model as generation sees it.

#include <utility>
#include <vector>

#include "sharpeye/generation/next_token.hpp"
#include "sharpeye/models/causal_lm.hpp"
#include "sharpeye/models/draft_confidence.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The sequences that continue one prompt of embeddings, with their cache of keys and values.
template <class Ops>
class CausalLmNextToken final : public NextToken {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param inputs_embeds the prompt [n, embedding_size]
  /// @param num_sequences, max_new_tokens the most that generation will ask for
  /// @param num_visual_tokens of the prompt
  /// @param spare_tokens how many more branch() may have read at any time than step() would have
  /// @param placed of the prompt's tokens, where some of them were merged
  CausalLmNextToken(Ops& ops, const CausalLm<Ops>& model, Tensor inputs_embeds, Index num_sequences,
                    Index max_new_tokens, Index num_visual_tokens = 0, Index spare_tokens = 0,
                    const nn::PlacedTokens& placed = {})
      : ops_(ops),
        model_(model),
        inputs_embeds_(std::move(inputs_embeds)),
        cache_(model.make_prompt_cache(inputs_embeds_.rows() + num_sequences * max_new_tokens + spare_tokens,
                                       num_visual_tokens)) {
    if (!placed.positions.empty()) cache_.place(placed);
  }

  /// Reads the prompt, and in the same pass a draft of what will be written after it, if there is one: read(0, draft)
  /// then costs no pass of its own.
  /// @param num_outputs how many of the prompt's positions are asked for, the last ones; generation needs one
  /// @return what the head reads there [num_outputs, embedding_size]
  Tensor prefill(const std::vector<std::int32_t>& draft = {}, Index num_outputs = 1) {
    prompt_length_ = inputs_embeds_.rows();
    const auto drafted = static_cast<Index>(draft.size());
    Tensor inputs = draft.empty() ? inputs_embeds_ : ops_.concat_rows({inputs_embeds_, model_.embed(ops_, draft)});
    inputs_embeds_ = Tensor();
    const Tensor states = model_.step(ops_, inputs, cache_, num_outputs + drafted);
    last_ = ops_.slice_rows(states, num_outputs - 1, 1);
    if (drafted > 0) draft_states_ = last_rows(ops_, states, drafted);
    draft_ = draft;
    return ops_.slice_rows(states, 0, num_outputs);
  }

  std::vector<float> start() override { return std::move(logits(last_).front()); }

  std::vector<std::vector<float>> step(const std::vector<Index>& parents,
                                       const std::vector<std::int32_t>& ids) override {
    cache_.select(parents);
    return logits(model_.step(ops_, model_.embed(ops_, ids), cache_));
  }

  std::vector<std::vector<float>> branch(const std::vector<TreeToken>& tokens) override {
    std::vector<Index> parents;
    std::vector<std::int32_t> ids;
    for (const TreeToken& token : tokens) {
      parents.push_back(token.parent);
      ids.push_back(token.id);
    }
    cache_.branch(prompt_length_, parents);
    return logits(model_.step(ops_, model_.embed(ops_, ids), cache_));
  }

  void rewind() override {
    cache_.select({0});  // the prompt is in each of them
    cache_.truncate(prompt_length_);
  }

  std::vector<std::vector<float>> read(Index length, const std::vector<std::int32_t>& ids) override {
    if (length == 0 && !draft_.empty() && ids == draft_) {  // once: then they are read as any others
      draft_.clear();
      return logits(std::exchange(draft_states_, Tensor()));
    }
    cache_.truncate(prompt_length_ + length);
    return logits(model_.step(ops_, model_.embed(ops_, ids), cache_));
  }

  /// ln p of each of `ids` after the prompt and those before it. Whatever was written before is forgotten.
  std::vector<double> log_probabilities(const std::vector<std::int32_t>& ids) {
    std::vector<double> result;
    if (ids.empty()) return result;
    std::vector<std::vector<float>> rows{start()};
    if (ids.size() > 1) {
      rewind();
      for (auto& row : logits(model_.step(ops_, model_.embed(ops_, {ids.begin(), ids.end() - 1}), cache_))) {
        rows.push_back(std::move(row));
      }
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      result.push_back(log_probability_of(rows[i].data(), static_cast<Index>(rows[i].size()), ids[i]));
    }
    return result;
  }

 private:
  std::vector<std::vector<float>> logits(const Tensor& states) {
    const Tensor values = model_.logits(ops_, states);
    std::vector<std::vector<float>> rows(static_cast<std::size_t>(values.rows()));
    for (Index row = 0; row < values.rows(); ++row) {
      auto& target = rows[static_cast<std::size_t>(row)];
      target.resize(static_cast<std::size_t>(values.columns()));
      ops_.copy_out(ops_.slice_rows(values, row, 1), target.data(), values.columns());
    }
    return rows;
  }

  Ops& ops_;
  const CausalLm<Ops>& model_;
  Tensor inputs_embeds_, last_, draft_states_;
  std::vector<std::int32_t> draft_;
  Index prompt_length_ = 0;
  typename CausalLm<Ops>::Cache cache_;
};

SHARPEYE_NAMESPACE_END
