#pragma once

/// @file
/// GIT's text decoder and its head (Hugging Face's GitForCausalLM without the tower): BERT's post-norm layers, which
/// read visual tokens both ways and text causally.

#include <optional>
#include <vector>

#include "sharpeye/models/causal_lm.hpp"
#include "sharpeye/models/git_text_config.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The decoder and its head. With v visual tokens [m, hidden_size] and t the embeddings of text tokens:
///
///     h[0] = [v; norm(t + positions)]                  positions count from 0 where the text begins
///     u    = norm(h[i] + attention(h[i]));  h[i + 1] = norm(u + W2 gelu(W1 u))
///     logits = h[last] W^T + b
///
/// A visual token sees all visual tokens, a text token those and the text up to itself (arXiv 2205.14100, figure 2).
template <class Ops>
class GitText final : public CausalLm<Ops> {
 public:
  using Tensor = typename Ops::Tensor;
  using Cache = typename CausalLm<Ops>::Cache;

  /// @param weights the scope of `git` and `output`
  GitText(const GitTextConfig& config, const WeightScope& weights)
      : config_(config),
        word_embeddings_(weights / "git" / "embeddings" / "word_embeddings", config.vocab_size, config.hidden_size),
        position_embeddings_(weights / "git" / "embeddings" / "position_embeddings", config.max_position_embeddings,
                             config.hidden_size),
        norm_(weights / "git" / "embeddings" / "LayerNorm", config.hidden_size, config.layer_norm_eps) {
    for (Index layer = 0; layer < config.num_hidden_layers; ++layer) {
      add_layer(weights / "git" / "encoder" / "layer" / layer);
    }
    if (!config.tie_word_embeddings) {
      output_.emplace((weights / "output").get("weight", {config.vocab_size, config.hidden_size}));
    }
    output_bias_ = typename Ops::Vector((weights / "output").get("bias", {config.vocab_size}));
  }

  CausalLmLimits limits() const override {
    return {config_.vocab_size, config_.hidden_size, config_.max_position_embeddings, true};
  }

  Tensor embed(Ops& ops, const std::vector<std::int32_t>& ids) const override { return word_embeddings_(ops, ids); }

  nn::CacheShape cache_shape() const override {
    const Index heads = config_.num_attention_heads;
    return {config_.num_hidden_layers, heads, config_.hidden_size / heads, this->cache_precision(layers_)};
  }

  Tensor step(Ops& ops, const Tensor& inputs_embeds, Cache& cache, std::optional<Index> num_outputs = {},
              std::vector<Tensor>* states = nullptr) const override {
    const Index num_visual = cache.length() == 0 ? cache.num_mutual() : 0;
    const std::vector<std::int32_t> positions =
        this->extend(cache, inputs_embeds.rows(), limits().max_tokens(cache.num_mutual()));
    const Tensor x =
        place_text(ops, inputs_embeds, num_visual, positions, static_cast<std::int32_t>(cache.num_mutual()));
    return this->run(ops, layers_, x, cache, num_outputs, states);
  }

  Tensor logits(Ops& ops, const Tensor& x) const override {
    return ops.linear(x, output_ ? *output_ : word_embeddings_.weight(), {&output_bias_, Activation::kNone, nullptr});
  }

 private:
  // Gives the rows after the first `num_visual` their positions, counted from `first`, and their norm.
  Tensor place_text(Ops& ops, const Tensor& x, Index num_visual, const std::vector<std::int32_t>& positions,
                    std::int32_t first) const {
    const Index count = x.rows() - num_visual;
    if (count == 0) return x;
    std::vector<std::int32_t> places(positions.begin() + static_cast<std::ptrdiff_t>(num_visual), positions.end());
    for (std::int32_t& place : places) place -= first;
    const Tensor text = num_visual == 0 ? x : ops.slice_rows(x, num_visual, count);
    const Tensor placed = norm_(ops, ops.add(text, position_embeddings_(ops, places)));
    return num_visual == 0 ? placed : ops.concat_rows({ops.slice_rows(x, 0, num_visual), placed});
  }

  void add_layer(const WeightScope& weights) {
    const auto norm = [&](const WeightScope& scope) {
      return nn::Residual<Ops>({scope / "LayerNorm", config_.hidden_size, config_.layer_norm_eps},
                               NormPlacement::kPost);
    };
    // In braces, which are evaluated from left to right: training states keep weights in the order of these reads.
    layers_.push_back(nn::TransformerLayer<Ops>{
        nn::MultiHeadAttention<Ops>(weights / "attention", config_.hidden_size, config_.num_attention_heads, true,
                                    {"self.query", "self.key", "self.value", "output.dense"}),
        norm(weights / "attention" / "output"),
        nn::FeedForward<Ops>(weights, config_.hidden_size, config_.intermediate_size, config_.hidden_act, true,
                             "intermediate.dense", "output.dense"),
        norm(weights / "output")});
  }

  GitTextConfig config_;
  nn::Embedding<Ops> word_embeddings_, position_embeddings_;
  nn::LayerNorm<Ops> norm_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
  std::optional<typename Ops::Matrix> output_;
  typename Ops::Vector output_bias_;
};

SHARPEYE_NAMESPACE_END
