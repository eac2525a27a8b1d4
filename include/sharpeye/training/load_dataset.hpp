#pragma once

/// @file
/// Reading a data set: all of it is checked before training starts.

#include <cstdint>
#include <functional>
#include <string>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/image_decoder.hpp"
#include "sharpeye/training/dataset.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// What load_dataset does with a DatasetProblem.
enum class OnBad { kRefuse, kSkip };

struct DatasetOptions {
  OnBad on_bad = OnBad::kRefuse;
  bool check_images = true;  ///< false: the files are not looked at; all paths are as in DIR itself
  std::uint64_t max_pixels = DecodeOptions{}.max_pixels;
  /// Captions and drafts with more tokens than this are too long; 0: no limit.
  Index max_tokens = 0;
  /// The number of tokens of a caption; needed where max_tokens is not 0.
  std::function<Index(const std::string&)> count_tokens;
};

/// The largest captions file that is read: 1 GiB (COCO's is 92 MB).
inline constexpr std::uint64_t kMaxCaptionsFileBytes = std::uint64_t{1} << 30;

/// Reads a folder of images with captions and checks it: framing of each image, length of each caption.
///
/// `path` is a folder with captions.json or captions.jsonl, or such a file. captions.json is in COCO's format,
/// {"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}; a .jsonl file has on each line
/// {"image", "caption"} or {"image", "captions": [...]}, and an image may come again. An annotation or a line with one
/// caption may have "pseudo": [...], drafts of it. Images are files of the folder or of its folder images/, never
/// outside (links are followed). Other keys are ignored.
///
/// @throws Error kFileNotFound, kFileAccess, kLimit; kFormat or kConfig, by place, for a broken file, an image outside
/// of the folder, two images of one id, an annotation without its image, no image that is left; with OnBad::kRefuse
/// kFormat for any DatasetProblem, all counted and the first ones named.
Dataset load_dataset(const std::string& path, const DatasetOptions& options = {});

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/load_dataset.inl"
#endif
