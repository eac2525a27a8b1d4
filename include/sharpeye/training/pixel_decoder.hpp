#pragma once

/// @file
/// Pixels from a vision tower's features: the decoder of masked autoencoders (He et al. 2021), with which the paper
/// shows what layers keep of an image (its Figure 12).

#include <vector>

#include "sharpeye/training/feature_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A FeatureDecoder and a patch of pixels of each of its rows. Nothing is masked: the question is what the features
/// hold. Tensor names are MAE's in Hugging Face's spelling.
template <class Ops>
class PixelDecoder {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param patch_values 3 p p
  PixelDecoder(const FeatureDecoderConfig& config, Index patch_values, WeightLoader& loader)
      : decoder_(config, loader),
        decoder_pred_(loader.root("decoder.decoder_pred"), config.hidden_size, patch_values) {}

  /// @param features of each layer [num_patches, feature_size]
  /// @return [num_patches, patch_values], in the order of extract_patches()
  Tensor operator()(Ops& ops, const std::vector<Tensor>& features) const {
    return decoder_pred_(ops, decoder_(ops, features));
  }

 private:
  FeatureDecoder<Ops> decoder_;
  nn::Linear<Ops> decoder_pred_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END
