#pragma once

/// @file
/// What changes between two versions of a model: its stages' outputs, and its captions.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/core/types.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/dataset.hpp"

namespace tool {

using namespace sharpeye;

/// The smallest cosine of each stage's output over some images. Both models read the same draft.
/// @throws Error kCancelled on Ctrl-C
std::map<std::string, double> stage_cosines(const std::shared_ptr<const CaptionModel>& before,
                                            const std::shared_ptr<const CaptionModel>& after,
                                            const std::vector<Image>& images, ThreadPool& pool);

/// What both models write about a data set.
struct Agreement {
  Index images = 0, initial_same = 0, refined_same = 0, tokens = 0, tokens_same = 0;
  double cider_d_before = 0, cider_d_after = 0;
};

/// Captions the images of a data set with both models. @throws Error; kCancelled on Ctrl-C
Agreement compare_captions(const std::shared_ptr<const CaptionModel>& before,
                           const std::shared_ptr<const CaptionModel>& after, const training::Dataset& data,
                           int threads);

}  // namespace tool
