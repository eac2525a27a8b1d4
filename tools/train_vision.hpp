#pragma once

/// @file
/// The pre-training of a vision tower.

#include "tools/train_command.hpp"

namespace tool {

/// Trains the model's vision tower to find the caption of each image among the batch's (training/contrastive.hpp), with
/// a small text tower that is kept in the output's weights but not read by captioning. @return an ExitCode
/// @throws Error
int train_vision(const TrainCommand& command);

}  // namespace tool
