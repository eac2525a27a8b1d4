#pragma once

/// @file
/// The pre-training of a vision tower, for those who have none.

#include "sharpeye/training/stage.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Trains the model's vision tower to find the caption of each image among the batch's (contrastive.hpp), with a small
/// text tower that is dropped afterwards. Later blocks and the final norm stay in the output's file.
/// @return false when is_cancelled ended it early, after a save. @throws Error
bool train_vision(const StageOptions& options, const TrainingEvents& events = {});

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/vision_stage.inl"
#endif
