#pragma once

/// @file
/// Multi-head attention and the Transformer layer that CLIP, OPT and the SeR-Connector share.

#include "sharpeye/nn/kv_cache.hpp"
#include "sharpeye/nn/linear.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// out_proj(softmax(q k^T / sqrt(head_dim)) v) with q = q_proj(queries), k = k_proj(keys), v = v_proj(values).
template <class Ops>
class MultiHeadAttention {
 public:
  using Tensor = typename Ops::Tensor;

  MultiHeadAttention(const WeightScope& weights, Index hidden_size, Index num_heads, bool with_bias = true)
      : q_proj_(weights / "q_proj", hidden_size, hidden_size, with_bias),
        k_proj_(weights / "k_proj", hidden_size, hidden_size, with_bias),
        v_proj_(weights / "v_proj", hidden_size, hidden_size, with_bias),
        out_proj_(weights / "out_proj", hidden_size, hidden_size, with_bias),
        num_heads_(num_heads) {}

  /// queries [n, hidden], keys and values [m, hidden] -> residual [n, hidden] + attention of each query over all keys
  Tensor operator()(Ops& ops, const Tensor& queries, const Tensor& keys, const Tensor& values,
                    const Tensor& residual) const {
    const Tensor q = q_proj_(ops, queries), k = k_proj_(ops, keys), v = v_proj_(ops, values);
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v, num_heads_, AttentionMask::kNone));
  }

  /// The same where the queries are the keys: x, values [n, hidden]
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& values, const Tensor& residual) const {
    const auto [q, k] = linears<Ops, 2>(ops, x, {{q_proj_.term(), k_proj_.term()}});
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v_proj_(ops, values), num_heads_, AttentionMask::kNone));
  }

  /// Self-attention: x [n, hidden] -> residual [n, hidden] + attention
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual, AttentionMask mask) const {
    const auto [q, k, v] = project(ops, x);
    return out_proj_.add_to(ops, residual, ops.attention(q, k, v, num_heads_, mask));
  }

  /// Causal self-attention of the new tokens x [n, hidden] over themselves and all that `cache` holds.
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual, KvCache<typename Ops::Scalar>& cache,
                    Index layer) const {
    const auto [q, k, v] = project(ops, x);
    cache.store(ops, layer, k, v);
    const Tensor context = cache.is_prefill() ? ops.attention(q, k, v, num_heads_, AttentionMask::kCausal)
                                              : ops.cached_attention(q, cache.rows(layer), num_heads_, cache.spans());
    return out_proj_.add_to(ops, residual, context);
  }

 private:
  std::array<Tensor, 3> project(Ops& ops, const Tensor& x) const {
    return linears<Ops, 3>(ops, x, {{q_proj_.term(), k_proj_.term(), v_proj_.term()}});
  }

  Linear<Ops> q_proj_, k_proj_, v_proj_, out_proj_;
  Index num_heads_;
};

/// fc2(activation(fc1(x)))
template <class Ops>
class FeedForward {
 public:
  using Tensor = typename Ops::Tensor;

  FeedForward(const WeightScope& weights, Index hidden_size, Index intermediate_size, Activation activation,
              bool with_bias = true)
      : fc1_(weights / "fc1", hidden_size, intermediate_size, with_bias),
        fc2_(weights / "fc2", intermediate_size, hidden_size, with_bias),
        activation_(activation) {}

  /// x [n, hidden] -> residual [n, hidden] + feed-forward
  Tensor operator()(Ops& ops, const Tensor& x, const Tensor& residual) const {
    return fc2_.add_to(ops, residual, fc1_(ops, x, activation_));
  }

 private:
  Linear<Ops> fc1_, fc2_;
  Activation activation_;
};

/// Where a layer's norms stand: before attention and feed-forward (their input), or after each sum.
enum class NormPlacement { kPre, kPost };

/// The sizes of a Transformer layer.
struct TransformerLayerConfig {
  Index hidden_size;
  Index num_attention_heads;
  Index intermediate_size;
  Activation activation;
  double layer_norm_eps;
  NormPlacement norm_placement;
  bool with_bias = true;
};

/// What a checkpoint calls the parts of a layer.
struct TransformerLayerNames {
  const char* attention_norm;
  const char* feed_forward_norm;
  const char* feed_forward;  ///< scope of fc1 and fc2, or null when they stand in the layer itself
};
inline constexpr TransformerLayerNames kClipLayerNames{"layer_norm1", "layer_norm2", "mlp"};
inline constexpr TransformerLayerNames kOptLayerNames{"self_attn_layer_norm", "final_layer_norm", nullptr};

/// Self-attention and feed-forward, each added to its input.
template <class Ops>
class TransformerLayer {
 public:
  using Tensor = typename Ops::Tensor;

  TransformerLayer(const WeightScope& weights, const TransformerLayerConfig& config, const TransformerLayerNames& names)
      : self_attn_(weights / "self_attn", config.hidden_size, config.num_attention_heads, config.with_bias),
        attention_norm_(weights / names.attention_norm, config.hidden_size, config.layer_norm_eps),
        feed_forward_(names.feed_forward == nullptr ? weights : weights / names.feed_forward, config.hidden_size,
                      config.intermediate_size, config.activation, config.with_bias),
        feed_forward_norm_(weights / names.feed_forward_norm, config.hidden_size, config.layer_norm_eps),
        norm_placement_(config.norm_placement) {}

  /// x [n, hidden] -> [n, hidden]; every position sees every other, or with a causal mask those before it.
  Tensor operator()(Ops& ops, const Tensor& x, AttentionMask mask = AttentionMask::kNone) const {
    return run(ops, x, [&](const Tensor& input) { return self_attn_(ops, input, x, mask); });
  }

  /// The same for new tokens that continue what `cache` holds.
  Tensor operator()(Ops& ops, const Tensor& x, KvCache<typename Ops::Scalar>& cache, Index layer) const {
    return run(ops, x, [&](const Tensor& input) { return self_attn_(ops, input, x, cache, layer); });
  }

 private:
  // `attend` gives x + attention of its argument.
  template <class Attend>
  Tensor run(Ops& ops, const Tensor& x, const Attend& attend) const {
    if (norm_placement_ == NormPlacement::kPre) {
      const Tensor attended = attend(attention_norm_(ops, x));
      return feed_forward_(ops, feed_forward_norm_(ops, attended), attended);
    }
    const Tensor attended = attention_norm_(ops, attend(x));
    return feed_forward_norm_(ops, feed_forward_(ops, attended, attended));
  }

  MultiHeadAttention<Ops> self_attn_;
  LayerNorm<Ops> attention_norm_;
  FeedForward<Ops> feed_forward_;
  LayerNorm<Ops> feed_forward_norm_;
  NormPlacement norm_placement_;
};

/// `count` layers in the scopes 0, 1, ... of `weights`.
template <class Ops>
std::vector<TransformerLayer<Ops>> make_layers(const WeightScope& weights, Index count,
                                               const TransformerLayerConfig& config,
                                               const TransformerLayerNames& names) {
  std::vector<TransformerLayer<Ops>> layers;
  layers.reserve(static_cast<std::size_t>(count));
  for (Index layer = 0; layer < count; ++layer) layers.emplace_back(weights / layer, config, names);
  return layers;
}

}  // namespace nn
SHARPEYE_NAMESPACE_END
