#pragma once

/// @file
/// Transformer layers, composed of an attention part, a feed-forward part and their norms.

#include <utility>

#include "sharpeye/nn/attention.hpp"
#include "sharpeye/nn/feed_forward.hpp"
#include "sharpeye/nn/norm_placement.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace nn {

/// The residual connection and the norm around a part of a layer: x + part(norm(x)), or norm(x + part(x)).
template <class Ops, class Norm = LayerNorm<Ops>>
class Residual {
 public:
  using Tensor = typename Ops::Tensor;

  Residual(Norm norm, NormPlacement placement) : norm_(std::move(norm)), placement_(placement) {}

  /// @param part called as part(input, residual): gives residual + its function of input
  template <class Part>
  Tensor operator()(Ops& ops, const Tensor& x, const Part& part) const {
    return placement_ == NormPlacement::kPre ? part(norm_(ops, x), x) : norm_(ops, part(x, x));
  }

  /// What the part reads of x.
  Tensor input(Ops& ops, const Tensor& x) const { return placement_ == NormPlacement::kPre ? norm_(ops, x) : x; }

 private:
  Norm norm_;
  NormPlacement placement_;
};

/// Self-attention and feed-forward, each added to its input. A model composes its layers of parts:
/// `{Attention(weights / "self_attn", ...), Residual(LayerNorm(weights / "norm1", ...), placement), FeedForward(...),
/// ...}`.
template <class Ops, class Attention = MultiHeadAttention<Ops>, class Forward = FeedForward<Ops>,
          class Norm = LayerNorm<Ops>>
class TransformerLayer {
 public:
  using Tensor = typename Ops::Tensor;

  TransformerLayer(Attention attention, Residual<Ops, Norm> around_attention, Forward feed_forward,
                   Residual<Ops, Norm> around_feed_forward)
      : attention_(std::move(attention)),
        around_attention_(std::move(around_attention)),
        feed_forward_(std::move(feed_forward)),
        around_feed_forward_(std::move(around_feed_forward)) {}

  /// x [n, hidden] -> [n, hidden]. `context` goes on to the attention: nothing (every position sees every other), or a
  /// cache and the layer's number in it (new tokens see those before them).
  template <class... Context>
  Tensor operator()(Ops& ops, const Tensor& x, Context&&... context) const {
    return last(ops, x, x.rows(), context...);
  }

  /// The last `count` rows of the same, at their cost: x [n, hidden] -> [count, hidden]. With less than n the context
  /// is that of an attention to a cache, which keeps the keys and values of all rows.
  template <class... Context>
  Tensor last(Ops& ops, const Tensor& x, Index count, Context&&... context) const {
    const Tensor attended = around_attention_(ops, x, [&](const Tensor& input, const Tensor& residual) {
      return attention_(ops, input, last_rows(ops, residual, count), context...);
    });
    return around_feed_forward_(ops, attended, [&](const Tensor& input, const Tensor& residual) {
      return feed_forward_(ops, input, residual);
    });
  }

  /// The same of rows of one's own: queries [m, hidden] that attend to all of x [n, hidden] -> [m, hidden]
  Tensor read_by(Ops& ops, const Tensor& queries, const Tensor& x) const {
    const Tensor attended = around_attention_(ops, queries, [&](const Tensor& input, const Tensor& residual) {
      const Tensor keys = around_attention_.input(ops, x);
      return attention_(ops, input, keys, keys, residual);
    });
    return around_feed_forward_(ops, attended, [&](const Tensor& input, const Tensor& residual) {
      return feed_forward_(ops, input, residual);
    });
  }

  const Attention& attention() const { return attention_; }

 private:
  Attention attention_;
  Residual<Ops, Norm> around_attention_;
  Forward feed_forward_;
  Residual<Ops, Norm> around_feed_forward_;
};

}  // namespace nn
SHARPEYE_NAMESPACE_END
