#pragma once

/// @file
/// Bodies of image_states.hpp.

#include "sharpeye/training/image_states.hpp"

#include <algorithm>

#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/training/caption_objective.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY ImageStates::ImageStates(const StageOptions& options, const CaptionModel& model,
                                       const MmSer<Ops>& network, const Parameters<float>& parameters,
                                       const Dataset& data, ThreadPool& pool, const TrainingEvents& events)
    : tower_(network.tower()), processor_(model.preprocessor().processor) {
  const auto& all = parameters.all();
  const bool tower_learns = std::any_of(all.begin(), all.end(), [](const auto& parameter) {
    return parameter->is_trained() && parameter->name.rfind("vision_tower.", 0) == 0;
  });
  if (tower_learns) {
    for (const auto& image : data.images) images_.push_back(options.load_image(image.path));
    return;
  }
  if (events.on_progress) events.on_progress("vision features", 0, static_cast<Index>(data.images.size()));
  features_.emplace(model, options.model, data.images, options.cache.empty() ? options.trainer.output : options.cache,
                    options.load_image, pool, [&](Index done, Index total) {
                      require_not_cancelled(events, "train: cancelled");
                      if (events.on_progress) events.on_progress("vision features", done, total);
                    });
}

SHARPEYE_BODY std::vector<ImageStates::Ops::Tensor> ImageStates::operator()(Ops& ops, Index image,
                                                                            const std::vector<Index>& layers) const {
  if (features_) return CaptionObjective<float>::constants(ops, features_->states(image, layers));
  return tower_(ops, processor_(images_[static_cast<std::size_t>(image)]), layers);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
