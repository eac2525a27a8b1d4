#pragma once

/// @file
/// Images with captions, and drafts of captions where there are some.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// An image and what is said about it. Texts have no white space at their ends.
struct CaptionedImage {
  std::string path;  ///< of the image file
  std::string id;    ///< of the captions file; where that has none, the name of the image there
  std::vector<std::string> captions;
  std::vector<std::vector<std::string>> pseudo;  ///< pseudo-initial captions of each caption; may be empty lists
};

/// What can be wrong with one caption or image; the others are good all the same.
enum class DatasetProblem { kEmptyCaption, kLongCaption, kNoCaption, kMissingImage, kUnreadableImage };

/// "empty caption" and so on.
const char* to_string(DatasetProblem problem) noexcept;

/// How many captions and images were left out, and the first of them by name.
class DatasetReport {
 public:
  static constexpr std::size_t kNames = 5;
  struct Found {
    std::int64_t count = 0;
    std::vector<std::string> names;  ///< of the first kNames
  };

  const Found& of(DatasetProblem problem) const { return found_[static_cast<std::size_t>(problem)]; }

  /// Of all problems.
  std::int64_t total() const noexcept;

  /// "2 x missing image (a.png, b.png), 1 x empty caption (...)"; empty when nothing was found.
  std::string text() const;

  void add(DatasetProblem problem, const std::string& name);

 private:
  std::array<Found, 5> found_;
};

struct Dataset {
  std::vector<CaptionedImage> images;  ///< in the order of the file, each with at least one caption
  DatasetReport report;                ///< what was left out
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/dataset.inl"
#endif
