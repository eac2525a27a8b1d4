#pragma once

/// @file
/// The hidden states of the training images.

#include <memory>
#include <optional>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/autodiff.hpp"
#include "sharpeye/training/feature_cache.hpp"
#include "sharpeye/training/stage.hpp"
#include "sharpeye/vision/image_processor.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The vision tower's hidden states of each image: from a cache where the tower is frozen, as in the paper; computed
/// anew, on the tape, where it is trained too.
class ImageStates {
 public:
  using Ops = Autodiff<float>;

  /// Computes the features, or loads the images. @param model, network must outlive this object. @throws Error
  ImageStates(const StageOptions& options, const CaptionModel& model, const MmSer<Ops>& network,
              const Parameters<float>& parameters, const Dataset& data, ThreadPool& pool, const TrainingEvents& events);

  /// The states of an image at these layers, [1 + N, hidden_size] each. May be called in parallel.
  std::vector<Ops::Tensor> operator()(Ops& ops, Index image, const std::vector<Index>& layers) const;

 private:
  const VisionTower<Ops>& tower_;
  ImageProcessor processor_;
  std::optional<FeatureCache> features_;
  std::vector<Image> images_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/image_states.inl"
#endif
