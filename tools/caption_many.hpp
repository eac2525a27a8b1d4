#pragma once

/// @file
/// Captions of many images at once, one image a thread: for small models that is faster than all threads on one.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/pipeline/captioner.hpp"
#include "tools/training_run.hpp"

namespace tool {

/// @param options gives those of image i; called in parallel. @return captions in the order of `paths`
/// @throws Error of the first image that failed; kCancelled on Ctrl-C
std::vector<Caption> caption_many(const std::shared_ptr<const CaptionModel>& model,
                                  const std::vector<std::string>& paths, int threads,
                                  const std::function<CaptionOptions(std::size_t)>& options, ProgressLine& progress);

}  // namespace tool
