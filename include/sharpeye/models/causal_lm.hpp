#pragma once

/// @file
/// The concept of a causal language model: what decoding and captioning ask of one. Opt is the first member;
/// causal_lms.hpp lists them.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "sharpeye/nn/kv_cache.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a language model can take.
struct CausalLmLimits {
  Index vocab_size;
  Index embedding_size;           ///< width of the embeddings that it reads, and so of visual tokens
  Index max_position_embeddings;  ///< tokens of a sequence, prompt included
  bool image_first = false;       ///< visual tokens come first, see one another both ways, and take no position

  /// Tokens of a sequence with so many visual tokens in it.
  Index max_tokens(Index num_visual_tokens) const {
    return max_position_embeddings + (image_first ? num_visual_tokens : 0);
  }
};

/// A decoder that reads embeddings and says what comes next. Immutable; shared between threads: what a sequence has so
/// far is in its cache.
template <class Ops>
class CausalLm {
 public:
  using Tensor = typename Ops::Tensor;
  using Cache = nn::KvCache<typename Ops::Scalar>;

  virtual ~CausalLm() = default;

  virtual CausalLmLimits limits() const = 0;

  /// Token ids [n], each in [0, vocab_size) -> embeddings [n, embedding_size]
  virtual Tensor embed(Ops& ops, const std::vector<std::int32_t>& ids) const = 0;

  /// What its caches keep. The precision is half where the weights are integers: their rounding is coarser.
  virtual nn::CacheShape cache_shape() const = 0;

  /// A cache for a prompt and its continuations, `capacity` tokens in all.
  /// @param precision by default that of cache_shape()
  Cache make_cache(Index capacity, std::optional<nn::CachePrecision> precision = {}) const {
    return make_prompt_cache(capacity, 0, precision);
  }

  /// The same for a prompt with visual tokens, whose number matters where they come first.
  Cache make_prompt_cache(Index capacity, Index num_visual_tokens,
                          std::optional<nn::CachePrecision> precision = {}) const {
    nn::CacheShape shape = cache_shape();
    shape.precision = precision.value_or(shape.precision);
    return Cache(shape, capacity, limits().image_first ? num_visual_tokens : 0);
  }

  /// Reads the new tokens of the cache's sequences, sequence after sequence.
  /// @param inputs_embeds [n, embedding_size]
  /// @param num_outputs of the new tokens, the last so many, m, are asked for; by default all. Of the others the last
  /// layer makes keys and values, and nothing else
  /// @param states if given, receives the hidden states before each layer [n, ..] and after the last [m, ..]
  /// @return what logits() reads, [m, ..]
  /// @throws Error kLimit beyond max_position_embeddings
  virtual Tensor step(Ops& ops, const Tensor& inputs_embeds, Cache& cache, std::optional<Index> num_outputs = {},
                      std::vector<Tensor>* states = nullptr) const = 0;

  /// What step() returned, or some of its rows -> logits [n, vocab_size]
  virtual Tensor logits(Ops& ops, const Tensor& x) const = 0;

 protected:
  template <class Layers>
  static nn::CachePrecision cache_precision(const Layers& layers) {
    return layers.empty() ? nn::CachePrecision::kFull : layers.front().attention().cache_precision();
  }

  // Sends x through the layers of step(), which also get `context`.
  template <class Layers, class... Context>
  static Tensor run(Ops& ops, const Layers& layers, Tensor x, Cache& cache, std::optional<Index> num_outputs,
                    std::vector<Tensor>* states, const Context&... context) {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      if (states != nullptr) states->push_back(x);
      const Index rows = layer + 1 == layers.size() ? num_outputs.value_or(x.rows()) : x.rows();
      x = layers[layer].last(ops, x, rows, cache, static_cast<Index>(layer), context...);
    }
    if (states != nullptr) states->push_back(x);
    return x;
  }

  // Makes room in the cache for the new tokens. @return the position of each
  static std::vector<std::int32_t> extend(Cache& cache, Index rows, Index max_positions) {
    const Index count = rows / cache.num_sequences();
    std::vector<std::int32_t> positions = cache.next_positions(count);
    const Index end = positions.empty() ? 0 : *std::max_element(positions.begin(), positions.end()) + 1;
    require(end <= max_positions, ErrorCode::kLimit, "language model: expected at most max_position_embeddings ",
            max_positions, " positions, actual ", end);
    cache.extend(count);
    return positions;
  }
};

SHARPEYE_NAMESPACE_END
