#pragma once

/// @file
/// The stages that learn to caption: connector, caption and refine (arXiv 2508.21451, section 3).

#include "sharpeye/training/stage.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Trains one of these stages. All files that the run reads are opened and checked before anything is computed.
/// @return false when is_cancelled ended it early, after a save. @throws Error
bool train_captions(const StageOptions& options, const TrainingEvents& events = {});

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/caption_stage.inl"
#endif
