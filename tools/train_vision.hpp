#pragma once

/// @file
/// The pre-training of a vision tower.

#include "tools/train_command.hpp"

namespace tool {

/// Trains the model's vision tower to find the caption of each image among the batch's (training/contrastive.hpp), with
/// a small text tower that is forgotten afterwards. Later blocks and the final norm stay in the output's file. @return
/// an ExitCode
/// @throws Error
int train_vision(const TrainCommand& command);

}  // namespace tool
