#pragma once

/// @file
/// Bodies of caption_many.hpp.

#include "sharpeye/pipeline/caption_many.hpp"

#include <exception>

#include "sharpeye/core/parallel_in_order.hpp"
#include "sharpeye/core/thread_pool.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::vector<Caption> caption_many(const std::shared_ptr<const CaptionModel>& model,
                                                const std::vector<std::string>& paths, int threads,
                                                const CaptionManyCallbacks& callbacks) {
  std::vector<Caption> captions(paths.size());
  std::vector<std::exception_ptr> errors(paths.size());
  const auto caption = [&](std::size_t, std::size_t i) {
    try {
      ThreadPool alone(1);
      const CaptionOptions options = callbacks.options ? callbacks.options(i) : CaptionOptions();
      captions[i] = Captioner(model, alone)(callbacks.load(paths[i]), options);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  };
  if (callbacks.on_progress) callbacks.on_progress(0, static_cast<Index>(paths.size()));
  parallel_in_order(paths.size(), static_cast<std::size_t>(threads), caption, [&](std::size_t i) {
    if (errors[i]) std::rethrow_exception(errors[i]);
    require(!callbacks.is_cancelled || !callbacks.is_cancelled(), ErrorCode::kCancelled, "captions: cancelled");
    if (callbacks.on_progress) callbacks.on_progress(static_cast<Index>(i + 1), static_cast<Index>(paths.size()));
  });
  return captions;
}

SHARPEYE_NAMESPACE_END
