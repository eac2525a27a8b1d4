#pragma once

/// @file
/// What each word of a caption attended to, what else might have stood in its place, and what the SeR-Connector read.

#include <cstdint>
#include <utility>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/pipeline/caption_observer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Attention probabilities [layers, heads, queries, keys].
struct AttentionMaps {
  Index num_layers = 0, num_heads = 0, num_queries = 0, num_keys = 0;
  std::vector<float> values;

  /// [num_keys]
  const float* row(Index layer, Index head, Index query) const {
    return values.data() + ((layer * num_heads + head) * num_queries + query) * num_keys;
  }
};

/// A token that might have been written.
struct TokenAlternative {
  std::int32_t id;
  double log_probability;  ///< natural logarithm
};

/// How the language model wrote one caption. Token t was chosen by the row of the position before it: the last one of
/// the prompt for the first token. That row's attention is the token's.
struct GlanceExplanation {
  Index round;  ///< 0: the initial caption, n: the n-th refinement
  /// What stands at each key: the prompt, and the caption but for its last token. kImageToken for a visual token.
  std::vector<std::int32_t> key_ids;
  std::vector<Index> visual_keys;  ///< places of the visual tokens among the keys, in their order
  /// Where alike visual tokens were merged: the rows of the SeR-Connector that each of them stands for; else empty.
  std::vector<std::vector<std::int32_t>> visual_groups;
  Index num_prompt_keys;          ///< text and visual tokens; what follows is the caption
  std::vector<std::int32_t> ids;  ///< what was written
  /// Of each of `ids`. With CaptionOptions::first_share two glances write a refinement: these and the alternatives are
  /// what both say together, the attention is this one's.
  std::vector<double> log_probabilities;
  std::vector<std::vector<TokenAlternative>> alternatives;  ///< for each of `ids` the likeliest tokens, in that order
  /// The visual tokens before any were merged.
  Index num_visual_tokens() const {
    Index count = visual_groups.empty() ? static_cast<Index>(visual_keys.size()) : 0;
    for (const auto& group : visual_groups) count += static_cast<Index>(group.size());
    return count;
  }
  /// A row of `attention` to the visual tokens alone, before any were merged: each of those has an equal part of what
  /// they got as one. @return [num_visual_tokens()]
  template <class T>
  std::vector<double> to_visual_tokens(const T* row) const;
  AttentionMaps attention;  ///< [layers, heads, ids, keys]; 0 where a key comes later; each row sums to 1
};

template <class T>
std::vector<double> GlanceExplanation::to_visual_tokens(const T* row) const {
  std::vector<double> values(static_cast<std::size_t>(num_visual_tokens()));
  for (std::size_t i = 0; i < visual_keys.size(); ++i) {
    const auto value = static_cast<double>(row[visual_keys[i]]);
    if (visual_groups.empty()) {
      values[i] = value;
      continue;
    }
    for (const std::int32_t member : visual_groups[i]) {
      values[static_cast<std::size_t>(member)] = value / static_cast<double>(visual_groups[i].size());
    }
  }
  return values;
}

/// What one run of the SeR-Connector read. A *level* is a layer of the vision tower where the connector sees the layers
/// one after the other, as tokens; where it sees them side by side, along the channels, there is one level of all.
struct ConnectorExplanation {
  Index round;
  std::vector<std::int32_t> caption_ids;  ///< the initial caption as it was read; its tokens are the *words* below
  Index num_patches, num_levels;
  std::vector<Index> layers;  ///< of the vision tower
  /// [blocks, heads, 1, levels + 1]: how much the rows that become visual tokens attended to each level, and to the
  /// caption; means over those rows. With learned queries (DeepLens) the levels' are of the attention to the image and
  /// sum to 1, the caption's is of the attention between queries and caption.
  AttentionMaps shares;
  AttentionMaps read_by_words;  ///< [blocks, heads, words, levels * patches]: what each word read of the image
  /// [blocks, heads, words, patches]: how much each patch read of each word, mean over the levels. Empty with learned
  /// queries, which have no place in the image.
  AttentionMaps read_of_words;
  /// For each of `layers`: |v' - v| / |v|, of the visual tokens v, and v' with the layer's features replaced by their
  /// mean over the patches.
  std::vector<double> layer_influence;
  double caption_influence;  ///< the same with v' made without the caption
};

/// Of each glance and each refinement, in order.
struct CaptionExplanation {
  std::vector<GlanceExplanation> glances;
  std::vector<ConnectorExplanation> connectors;
};

/// An observer that runs each finished caption through the language model once more, whole, and keeps the attention;
/// and the SeR-Connector once more, and without one of its inputs.
class CaptionExplainer final : public CaptionObserver {
 public:
  /// @param num_alternatives for each token
  explicit CaptionExplainer(Index num_alternatives = 5) : num_alternatives_(num_alternatives) {}

  void look(const ObservedConnector<Inference<float>>& glance) override;
  void write(const ObservedCaption<Inference<float>>& glance) override;

  /// What was seen since the construction or the last take().
  const CaptionExplanation& explanation() const { return explanation_; }
  CaptionExplanation take() { return std::exchange(explanation_, {}); }

 private:
  Index num_alternatives_;
  CaptionExplanation explanation_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/caption_explainer.inl"
#endif
