#pragma once

/// @file
/// The drafts that the second glance learns from (arXiv 2508.21451, section 3.1 and Table 13).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/training/confusion_counts.hpp"
#include "sharpeye/training/lexicon.hpp"
#include "sharpeye/training/perturber.hpp"
#include "sharpeye/training/stage.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// What the second glance is given, and which of the image's captions it is to write.
struct Draft {
  std::string text;
  std::size_t caption;
};

/// The kinds of draft:
///   uniform, confusion: edits of true captions, drawn uniformly (the paper) or as the model confuses words;
///   own, nearest: the model's own captions, and the aim is any caption of the image, or the one that is nearest, so
///     that the edits are the model's errors and not another wording;
///   mixed: nearest and confusion in equal parts;
///   far: captions of other images;
///   given: the data's "pseudo".
const std::vector<std::string>& draft_kinds();

/// The drafts of a data set. The same arguments give the same draft.
class Drafts {
 public:
  /// Opens and checks all that this kind reads: the lexicon, captions that were kept, "pseudo".
  /// @param options, data must outlive this object. @throws Error
  Drafts(const StageOptions& options, const Dataset& data);

  /// Lets the model caption the images in one glance where the kind needs that (all of them; for "confusion" 2,000) and
  /// an earlier run has not kept it in the output folder. @throws Error
  void prepare(const std::shared_ptr<const CaptionModel>& model, int threads, const TrainingEvents& events);

  /// The k-th draft of a caption; call prepare() before. May be called in parallel.
  /// @param image, caption where it stands in the data. @param example numbers all captions of the data.
  Draft operator()(std::size_t image, std::size_t caption, std::uint64_t example, std::uint64_t k) const;

 private:
  bool is(const char* kind) const { return options_.drafts == kind; }
  std::size_t num_own() const;
  std::string own_path() const { return options_.trainer.output + "/own_captions.json"; }
  Draft edited(std::size_t image, std::size_t caption, std::uint64_t example, std::uint64_t k) const;

  const StageOptions& options_;
  const Dataset& data_;
  std::uint64_t seed_;
  std::unique_ptr<const Lexicon> lexicon_;
  std::unique_ptr<const ConfusionCounts> confusions_;
  std::unique_ptr<const Perturber> perturber_;
  std::vector<std::string> own_;      // the model's captions of the first images
  std::vector<std::size_t> nearest_;  // the caption that is nearest to each of them
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/drafts.inl"
#endif
