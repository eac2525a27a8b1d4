#pragma once

/// @file
/// The drafts that the second glance learns from (paper.md 3.1 and Table 13).

#include <functional>
#include <memory>

#include "tools/train_command.hpp"

namespace tool {

/// What the second glance is given, and which of the image's captions it is to write.
struct Draft {
  std::string text;
  std::size_t caption;
};

/// The k-th draft of a caption. @param image, caption where it stands in the data. @param example numbers all captions
/// of the data. The same arguments give the same draft; called in parallel.
using DraftMaker = std::function<Draft(std::size_t image, std::size_t caption, std::uint64_t example, std::uint64_t k)>;

/// As --drafts says. "own", "nearest", "confusion" and "mixed" first let the model caption the training images (all, or
/// for "confusion" 2,000 of them) in one glance; the captions are kept in the output folder. "nearest" wants the
/// caption that is nearest to the model's own, so that the edits are the model's errors and not another wording;
/// "mixed" is "nearest" and "confusion" in equal parts. @throws Error
DraftMaker make_drafts(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                       const Dataset& data, ThreadPool& pool);

}  // namespace tool
