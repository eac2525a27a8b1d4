#pragma once

/// @file
/// OPT (Hugging Face's OPTForCausalLM): learned positions with an offset of 2, pre- or post-norm layers, a tied head.

#include <optional>
#include <vector>

#include "sharpeye/models/causal_lm.hpp"
#include "sharpeye/models/opt_config.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The decoder and its head.
template <class Ops>
class Opt final : public CausalLm<Ops> {
 public:
  using Tensor = typename Ops::Tensor;
  using Cache = typename CausalLm<Ops>::Cache;

  /// @param decoder the scope `model.decoder`. @param model the scope of `lm_head`, for an untied head; without it
  /// logits() uses the embedding table
  Opt(const OptConfig& config, const WeightScope& decoder, const std::optional<WeightScope>& model = {})
      : config_(config),
        embed_tokens_(decoder / "embed_tokens", config.vocab_size, config.word_embed_proj_dim),
        embed_positions_(decoder / "embed_positions", config.max_position_embeddings + kPositionOffset,
                         config.hidden_size) {
    for (Index layer = 0; layer < config.num_hidden_layers; ++layer) add_layer(decoder / "layers" / layer);
    if (config.has_projections()) {
      project_in_.emplace(decoder / "project_in", config.word_embed_proj_dim, config.hidden_size, false);
      project_out_.emplace(decoder / "project_out", config.hidden_size, config.word_embed_proj_dim, false);
    }
    if (config.has_final_layer_norm())
      final_layer_norm_.emplace(decoder / "final_layer_norm", config.hidden_size, kEps);
    if (model && !config.tie_word_embeddings) {
      lm_head_.emplace((*model / "lm_head").get("weight", {config.vocab_size, config.word_embed_proj_dim}));
    }
  }

  CausalLmLimits limits() const override {
    return {config_.vocab_size, config_.word_embed_proj_dim, config_.max_position_embeddings};
  }

  Tensor embed(Ops& ops, const std::vector<std::int32_t>& ids) const override { return embed_tokens_(ops, ids); }

  nn::CacheShape cache_shape() const override {
    const Index heads = config_.num_attention_heads;
    return {config_.num_hidden_layers, heads, config_.hidden_size / heads, this->cache_precision(layers_)};
  }

  Tensor step(Ops& ops, const Tensor& inputs_embeds, Cache& cache, std::optional<Index> num_outputs = {},
              std::vector<Tensor>* states = nullptr) const override {
    std::vector<std::int32_t> positions = this->extend(cache, inputs_embeds.rows(), config_.max_position_embeddings);
    for (std::int32_t& position : positions) position += kPositionOffset;
    Tensor x = project_in_ ? (*project_in_)(ops, inputs_embeds) : inputs_embeds;
    x = ops.add(x, embed_positions_(ops, positions));
    x = this->run(ops, layers_, x, cache, num_outputs, states);
    if (final_layer_norm_) x = (*final_layer_norm_)(ops, x);
    return project_out_ ? (*project_out_)(ops, x) : x;
  }

  Tensor logits(Ops& ops, const Tensor& x) const override {
    return ops.linear(x, lm_head_ ? *lm_head_ : embed_tokens_.weight());
  }

 private:
  static constexpr std::int32_t kPositionOffset = 2;  // fairseq's: rows 0 and 1 belonged to padding
  static constexpr double kEps = 1e-5;

  void add_layer(const WeightScope& weights) {
    const NormPlacement placement = config_.do_layer_norm_before ? NormPlacement::kPre : NormPlacement::kPost;
    const auto norm = [&](const char* name) {
      return nn::Residual<Ops>({weights / name, config_.hidden_size, kEps}, placement);
    };
    // In braces, which are evaluated from left to right: training states keep weights in the order of these reads.
    layers_.push_back(
        nn::TransformerLayer<Ops>{nn::MultiHeadAttention<Ops>(weights / "self_attn", config_.hidden_size,
                                                              config_.num_attention_heads, config_.enable_bias),
                                  norm("self_attn_layer_norm"),
                                  nn::FeedForward<Ops>(weights, config_.hidden_size, config_.ffn_dim,
                                                       config_.activation_function, config_.enable_bias),
                                  norm("final_layer_norm")});
  }

  OptConfig config_;
  nn::Embedding<Ops> embed_tokens_, embed_positions_;
  std::optional<nn::Linear<Ops>> project_in_, project_out_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
  std::optional<nn::LayerNorm<Ops>> final_layer_norm_;
  std::optional<typename Ops::Matrix> lm_head_;
};

SHARPEYE_NAMESPACE_END
