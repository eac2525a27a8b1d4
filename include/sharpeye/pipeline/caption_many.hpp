#pragma once

/// @file
/// Captions of many images at once, one image a thread: for small models that is faster than all threads on one.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/pipeline/captioner.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Callbacks of caption_many().
struct CaptionManyCallbacks {
  /// The image of a path; called in parallel.
  std::function<Image(const std::string& path)> load;
  /// The options of image i, or the defaults where it is empty; called in parallel.
  std::function<CaptionOptions(std::size_t i)> options;
  /// Called with 0 at the beginning, then after each caption, on the caller's thread.
  std::function<void(Index done, Index total)> on_progress;
  std::function<bool()> is_cancelled;
};

/// @return captions in the order of `paths`. @throws Error of the first image that failed; kCancelled
std::vector<Caption> caption_many(const std::shared_ptr<const CaptionModel>& model,
                                  const std::vector<std::string>& paths, int threads,
                                  const CaptionManyCallbacks& callbacks);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/caption_many.inl"
#endif
