#pragma once

/// @file
/// The drafts that the second glance learns from (paper.md 3.1 and Table 13).

#include <functional>
#include <memory>

#include "tools/train_command.hpp"

namespace tool {

/// The k-th draft of a caption. @param image, caption where it stands in the data. @param example numbers all captions
/// of the data. The same arguments give the same draft; called in parallel.
using DraftMaker =
    std::function<std::string(std::size_t image, std::size_t caption, std::uint64_t example, std::uint64_t k)>;

/// As --drafts says. "own" and "confusion" first let the model caption the training images (all, or 2,000 of them) in
/// one glance; the captions are kept in the output folder. @throws Error
std::unique_ptr<DraftMaker> make_drafts(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                                        const Dataset& data, ThreadPool& pool);

}  // namespace tool
