#pragma once

/// @file
/// The concept of a vision tower: what a captioner asks of one. ClipVision is the first member; vision_towers.hpp lists
/// them.

#include <memory>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A Transformer over the patches of an image, of which any hidden states can be had. Immutable; shared between
/// threads.
template <class Ops>
class VisionTower {
 public:
  using Tensor = typename Ops::Tensor;

  virtual ~VisionTower() = default;

  /// @param pixel_values normalised image [3, image_size, image_size]
  /// @param wanted indices in Hugging Face's numbering (0: the embedding, i: the output of block i), each up to the
  /// number of blocks that were loaded
  /// @return the wanted hidden states [num_prefix_tokens + num_patches, hidden_size] in the order asked. The last block
  /// that is run is the highest one wanted.
  virtual std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                         const std::vector<Index>& wanted) const = 0;

  /// Tokens before those of the patches, such as CLIP's class token.
  virtual Index num_prefix_tokens() const = 0;
};

SHARPEYE_NAMESPACE_END
