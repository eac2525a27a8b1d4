#pragma once

/// @file
/// The hidden states of a frozen vision tower for the images of a data set: computed once, kept on disk.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/core/tensor.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/stored_tensor.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/dataset.hpp"

SHARPEYE_NAMESPACE_BEGIN

class SafetensorsFile;

namespace training {

/// The hidden states of each image at the layers that the glances read, as F16.
class FeatureCache {
 public:
  /// Opens the cache file of this model and these images in `folder`, and makes it first when there is none (ViT-L
  /// takes one to two seconds an image on two cores; 2 * layers * (1 + N) * d bytes an image).
  /// @param model_folder where the tower's weights are. @param load gives the image of a path; called in parallel.
  /// @param progress is called with (images done, images in all).
  /// @throws Error as decoding images and writing files.
  FeatureCache(const CaptionModel& model, const std::string& model_folder, const std::vector<CaptionedImage>& images,
               const std::string& folder, const std::function<Image(const std::string&)>& load, ThreadPool& pool,
               const std::function<void(Index, Index)>& progress = {});

  /// The hidden states of image `index` at `layers` (Hugging Face's numbering), [1 + N, d] each.
  std::vector<Matrix<float>> states(Index index, const std::vector<Index>& layers) const;

 private:
  std::vector<Index> layers_;
  std::shared_ptr<const SafetensorsFile> file_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/feature_cache.inl"
#endif
