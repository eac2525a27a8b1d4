#pragma once

/// @file
/// OPT (Hugging Face's OPTForCausalLM): learned positions with an offset of 2, pre- or post-norm layers, a tied head.

#include <algorithm>
#include <optional>
#include <vector>

#include "sharpeye/models/config_limits.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text_config`, with Hugging Face's keys.
struct OptConfig {
  Index vocab_size = 50272;
  Index hidden_size = 768;
  Index num_hidden_layers = 12;
  Index ffn_dim = 3072;
  Index num_attention_heads = 12;
  Index max_position_embeddings = 2048;
  Index word_embed_proj_dim = 768;
  bool do_layer_norm_before = true;
  bool remove_final_layer_norm = false;  ///< `_remove_final_layer_norm`: files fine-tuned before transformers 4.20.1
  bool enable_bias = true;
  bool tie_word_embeddings = true;  ///< the head is the token table; else `lm_head.weight`, a matrix of its own
  Activation activation_function = Activation::kRelu;
  Index bos_token_id = 2;
  Index eos_token_id = 2;
  Index pad_token_id = 1;

  /// @throws Error kConfig naming the key.
  static OptConfig from_json(const JsonReader& json) {
    OptConfig config;
    json.one_of("model_type", {"opt"}, "opt");
    config.vocab_size = json.integer("vocab_size", 1, kMaxVocabSize);
    config.hidden_size = json.integer("hidden_size", 1, kMaxHiddenSize);
    config.num_hidden_layers = json.integer("num_hidden_layers", 1, kMaxLayers);
    config.ffn_dim = json.integer("ffn_dim", 1, kMaxIntermediateSize);
    config.num_attention_heads = json.integer("num_attention_heads", 1, config.hidden_size);
    check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
    config.max_position_embeddings = json.integer("max_position_embeddings", 1, kMaxPositions);
    config.word_embed_proj_dim = json.integer("word_embed_proj_dim", 1, kMaxHiddenSize, config.hidden_size);
    config.do_layer_norm_before = json.boolean("do_layer_norm_before", true);
    config.remove_final_layer_norm = json.boolean("_remove_final_layer_norm", false);
    config.enable_bias = json.boolean("enable_bias", true);
    config.tie_word_embeddings = json.boolean("tie_word_embeddings", true);
    require(json.boolean("layer_norm_elementwise_affine", true), ErrorCode::kUnsupported,
            json.where("layer_norm_elementwise_affine"), ": expected true, actual false");
    config.activation_function = read_activation(json, "activation_function", "relu");
    config.bos_token_id = json.integer("bos_token_id", 0, config.vocab_size - 1, 2);
    config.eos_token_id = json.integer("eos_token_id", 0, config.vocab_size - 1, 2);
    config.pad_token_id = json.integer("pad_token_id", 0, config.vocab_size - 1, 1);
    return config;
  }

  bool has_projections() const { return word_embed_proj_dim != hidden_size; }
  bool has_final_layer_norm() const { return do_layer_norm_before && !remove_final_layer_norm; }
};

/// The decoder and its head. Immutable; shared between threads.
template <class Ops>
class Opt {
 public:
  using Tensor = typename Ops::Tensor;
  using Cache = nn::KvCache<typename Ops::Scalar>;

  /// @param decoder the scope `model.decoder`. @param model the scope of `lm_head`; without it there are no logits of
  /// an untied head
  Opt(const OptConfig& config, const WeightScope& decoder, const std::optional<WeightScope>& model = {})
      : config_(config),
        embed_tokens_(decoder / "embed_tokens", config.vocab_size, config.word_embed_proj_dim),
        embed_positions_(decoder / "embed_positions", config.max_position_embeddings + kPositionOffset,
                         config.hidden_size),
        layers_(nn::make_layers<Ops>(
            decoder / "layers", config.num_hidden_layers,
            {config.hidden_size, config.num_attention_heads, config.ffn_dim, config.activation_function, 1e-5,
             config.do_layer_norm_before ? nn::NormPlacement::kPre : nn::NormPlacement::kPost, config.enable_bias},
            nn::kOptLayerNames)) {
    if (config.has_projections()) {
      project_in_.emplace(decoder / "project_in", config.word_embed_proj_dim, config.hidden_size, false);
      project_out_.emplace(decoder / "project_out", config.hidden_size, config.word_embed_proj_dim, false);
    }
    if (config.has_final_layer_norm())
      final_layer_norm_.emplace(decoder / "final_layer_norm", config.hidden_size, 1e-5);
    if (model && !config.tie_word_embeddings) {
      lm_head_.emplace((*model / "lm_head").get("weight", {config.vocab_size, config.word_embed_proj_dim}));
    }
  }

  const OptConfig& config() const { return config_; }

  /// Token ids [n], each in [0, vocab_size) -> embeddings [n, word_embed_proj_dim]
  Tensor embed(Ops& ops, const std::vector<std::int32_t>& ids) const { return embed_tokens_(ops, ids); }

  /// A cache for a prompt and its continuations, `capacity` tokens in all.
  Cache make_cache(Index capacity) const { return Cache(config_.num_hidden_layers, config_.hidden_size, capacity); }

  /// @param inputs_embeds [n, word_embed_proj_dim]: the new tokens of the cache's sequences, sequence after sequence
  /// @param states if given, receives the hidden states [n, hidden_size] before each layer and after the last
  /// @return the states that the head reads [n, word_embed_proj_dim]
  /// @throws Error kLimit beyond max_position_embeddings
  Tensor operator()(Ops& ops, const Tensor& inputs_embeds, Cache& cache, std::vector<Tensor>* states = nullptr) const {
    const Index count = inputs_embeds.rows() / cache.num_sequences();
    const Index past = cache.length();
    require(past + count <= config_.max_position_embeddings, ErrorCode::kLimit,
            "language model: expected at most max_position_embeddings ", config_.max_position_embeddings,
            " positions, actual ", past + count);
    cache.extend(count);
    std::vector<std::int32_t> positions;
    for (Index row = 0; row < inputs_embeds.rows(); ++row)
      positions.push_back(static_cast<std::int32_t>(past + row % count + kPositionOffset));
    Tensor x = project_in_ ? (*project_in_)(ops, inputs_embeds) : inputs_embeds;
    x = ops.add(x, embed_positions_(ops, positions));
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      if (states != nullptr) states->push_back(x);
      x = layers_[layer](ops, x, cache, static_cast<Index>(layer));
    }
    if (states != nullptr) states->push_back(x);
    if (final_layer_norm_) x = (*final_layer_norm_)(ops, x);
    return project_out_ ? (*project_out_)(ops, x) : x;
  }

  /// What operator() returned, [n, word_embed_proj_dim] -> logits [n, vocab_size]
  Tensor logits(Ops& ops, const Tensor& x) const {
    return ops.linear(x, lm_head_ ? *lm_head_ : embed_tokens_.weight());
  }

 private:
  static constexpr Index kPositionOffset = 2;  // fairseq's: rows 0 and 1 belonged to padding

  OptConfig config_;
  nn::Embedding<Ops> embed_tokens_, embed_positions_;
  std::optional<nn::Linear<Ops>> project_in_, project_out_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
  std::optional<nn::LayerNorm<Ops>> final_layer_norm_;
  std::optional<typename Ops::Matrix> lm_head_;
};

SHARPEYE_NAMESPACE_END
