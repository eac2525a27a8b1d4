#pragma once

/// @file
/// LLaMA and its family (Hugging Face's LlamaForCausalLM, Qwen2ForCausalLM): pre-norm layers with RMS norms, rotary
/// positions, grouped-query attention and gated feed-forward, with a head of its own or a tied one.

#include <memory>
#include <optional>
#include <vector>

#include "sharpeye/models/causal_lm.hpp"
#include "sharpeye/models/llama_config.hpp"
#include "sharpeye/nn/gated_feed_forward.hpp"
#include "sharpeye/nn/rms_norm.hpp"
#include "sharpeye/nn/rotary_attention.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The decoder and its head.
template <class Ops>
class Llama final : public CausalLm<Ops> {
 public:
  using Tensor = typename Ops::Tensor;
  using Cache = typename CausalLm<Ops>::Cache;

  /// @param weights the scope of `model` and `lm_head`
  Llama(const LlamaConfig& config, const WeightScope& weights)
      : config_(config),
        table_(std::make_shared<const RotaryTable>(config.head_dim, config.max_position_embeddings, config.rope_theta,
                                                   config.rope_scaling)),
        embed_tokens_(weights / "model" / "embed_tokens", config.vocab_size, config.hidden_size),
        norm_(weights / "model" / "norm", config.hidden_size, config.rms_norm_eps) {
    for (Index layer = 0; layer < config.num_hidden_layers; ++layer) add_layer(weights / "model" / "layers" / layer);
    if (!config.tie_word_embeddings) {
      lm_head_.emplace((weights / "lm_head").get("weight", {config.vocab_size, config.hidden_size}));
    }
  }

  CausalLmLimits limits() const override {
    return {config_.vocab_size, config_.hidden_size, config_.max_position_embeddings};
  }

  Tensor embed(Ops& ops, const std::vector<std::int32_t>& ids) const override { return embed_tokens_(ops, ids); }

  nn::CacheShape cache_shape() const override {
    return {config_.num_hidden_layers, config_.num_key_value_heads, config_.head_dim, this->cache_precision(layers_)};
  }

  Tensor step(Ops& ops, const Tensor& inputs_embeds, Cache& cache, std::optional<Index> num_outputs = {},
              std::vector<Tensor>* states = nullptr) const override {
    const std::vector<std::int32_t> positions =
        this->extend(cache, inputs_embeds.rows(), config_.max_position_embeddings);
    return norm_(ops, this->run(ops, layers_, inputs_embeds, cache, num_outputs, states, positions));
  }

  Tensor logits(Ops& ops, const Tensor& x) const override {
    return ops.linear(x, lm_head_ ? *lm_head_ : embed_tokens_.weight());
  }

 private:
  using Layer = nn::TransformerLayer<Ops, nn::RotaryAttention<Ops>, nn::GatedFeedForward<Ops>, nn::RmsNorm<Ops>>;

  void add_layer(const WeightScope& weights) {
    const auto norm = [&](const char* name) {
      return nn::Residual<Ops, nn::RmsNorm<Ops>>({weights / name, config_.hidden_size, config_.rms_norm_eps},
                                                 NormPlacement::kPre);
    };
    const nn::RotaryAttentionSizes sizes{
        config_.hidden_size, config_.num_attention_heads, config_.num_key_value_heads, config_.head_dim,
        config_.qkv_bias,    config_.output_bias};
    // In braces, which are evaluated from left to right: training states keep weights in the order of these reads.
    layers_.push_back(Layer{nn::RotaryAttention<Ops>(weights / "self_attn", sizes, table_), norm("input_layernorm"),
                            nn::GatedFeedForward<Ops>(weights / "mlp", config_.hidden_size, config_.intermediate_size,
                                                      config_.hidden_act, config_.mlp_bias),
                            norm("post_attention_layernorm")});
  }

  LlamaConfig config_;
  std::shared_ptr<const RotaryTable> table_;
  nn::Embedding<Ops> embed_tokens_;
  std::vector<Layer> layers_;
  nn::RmsNorm<Ops> norm_;
  std::optional<typename Ops::Matrix> lm_head_;
};

SHARPEYE_NAMESPACE_END
