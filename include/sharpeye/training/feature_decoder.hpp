#pragma once

/// @file
/// A Transformer over the features of a frozen vision tower: what decoders and probes of its layers have in common.

#include <vector>

#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The sizes of a FeatureDecoder.
struct FeatureDecoderConfig {
  Index num_features;  ///< layers of the tower, side by side
  Index feature_size;  ///< the tower's hidden_size
  Index num_patches;
  Index hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 4;
};

/// Each layer's features normalised, side by side, projected; positions; pre-norm Transformer blocks, in which every
/// row sees every other; a norm. Tensor names are those of the decoder of masked autoencoders in Hugging Face's
/// spelling.
template <class Ops>
class FeatureDecoder {
 public:
  using Tensor = typename Ops::Tensor;

  FeatureDecoder(const FeatureDecoderConfig& config, WeightLoader& loader)
      : num_patches_(config.num_patches),
        decoder_embed_(loader.root("decoder.decoder_embed"), config.num_features * config.feature_size,
                       config.hidden_size),
        decoder_position_embedding_(loader.root("decoder.decoder_position_embedding"), config.num_patches,
                                    config.hidden_size),
        decoder_norm_(loader.root("decoder.decoder_norm"), config.hidden_size, kEps) {
    for (Index i = 0; i < config.num_features; ++i) {
      feature_norms_.emplace_back(loader.root("decoder.feature_norms") / i / "norm", config.feature_size, kEps);
    }
    for (Index i = 0; i < config.num_hidden_layers; ++i) {
      const WeightScope scope = loader.root("decoder.decoder_layers") / i;
      const auto norm = [&](const char* name) {
        return nn::Residual<Ops>({scope / name, config.hidden_size, kEps}, NormPlacement::kPre);
      };
      layers_.push_back(nn::TransformerLayer<Ops>{
          nn::MultiHeadAttention<Ops>(scope / "self_attn", config.hidden_size, config.num_attention_heads),
          norm("self_attn_layer_norm"),
          nn::FeedForward<Ops>(scope, config.hidden_size, 4 * config.hidden_size, Activation::kGelu),
          norm("final_layer_norm")});
    }
  }

  /// The patches alone.
  /// @param features of each layer [num_patches, feature_size]
  /// @return [num_patches, hidden_size]
  Tensor operator()(Ops& ops, const std::vector<Tensor>& features) const { return blocks(ops, embed(ops, features)); }

  /// Further rows that read along with the patches.
  /// @param rows [n, hidden_size]
  /// @return what became of them, [n, hidden_size]
  Tensor operator()(Ops& ops, const std::vector<Tensor>& features, const Tensor& rows) const {
    return ops.slice_rows(blocks(ops, ops.concat_rows({embed(ops, features), rows})), num_patches_, rows.rows());
  }

 private:
  static constexpr double kEps = 1e-6;

  Tensor embed(Ops& ops, const std::vector<Tensor>& features) const {
    std::vector<Tensor> parts;
    for (std::size_t i = 0; i < features.size(); ++i) parts.push_back(feature_norms_[i](ops, features[i]));
    return ops.add(decoder_embed_(ops, parts.size() == 1 ? parts.front() : ops.concat_columns(parts)),
                   decoder_position_embedding_.range(ops, 0, num_patches_));
  }

  Tensor blocks(Ops& ops, Tensor x) const {
    for (const auto& layer : layers_) x = layer(ops, x);
    return decoder_norm_(ops, x);
  }

  Index num_patches_;
  std::vector<nn::LayerNorm<Ops>> feature_norms_;
  nn::Linear<Ops> decoder_embed_;
  nn::Embedding<Ops> decoder_position_embedding_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
  nn::LayerNorm<Ops> decoder_norm_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END
