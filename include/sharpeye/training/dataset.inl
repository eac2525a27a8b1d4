#pragma once

/// @file
/// Bodies of dataset.hpp.

#include "sharpeye/training/dataset.hpp"

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY const char* to_string(DatasetProblem problem) noexcept {
  switch (problem) {
    case DatasetProblem::kEmptyCaption: return "empty caption";
    case DatasetProblem::kLongCaption: return "caption over the token limit";
    case DatasetProblem::kNoCaption: return "image without caption";
    case DatasetProblem::kMissingImage: return "missing image";
    case DatasetProblem::kUnreadableImage: return "unreadable image";
  }
  return "unknown";
}

SHARPEYE_BODY std::int64_t DatasetReport::total() const noexcept {
  std::int64_t sum = 0;
  for (const Found& found : found_) sum += found.count;
  return sum;
}

SHARPEYE_BODY std::string DatasetReport::text() const {
  std::string text;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const Found& found = found_[i];
    if (found.count == 0) continue;
    text += concat(text.empty() ? "" : ", ", found.count, " x ", to_string(static_cast<DatasetProblem>(i)), " (");
    for (const std::string& name : found.names) text += (&name == &found.names.front() ? "" : ", ") + name;
    text += found.count > static_cast<std::int64_t>(found.names.size()) ? ", ...)" : ")";
  }
  return text;
}

SHARPEYE_BODY void DatasetReport::add(DatasetProblem problem, const std::string& name) {
  Found& found = found_[static_cast<std::size_t>(problem)];
  ++found.count;
  if (found.names.size() < kNames) found.names.push_back(name);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
