#pragma once

/// @file
/// The settings of a training stage: the paper's stages, and the pre-training of a vision tower before them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/training/dataset.hpp"
#include "sharpeye/training/trainer.hpp"

SHARPEYE_NAMESPACE_BEGIN

class CaptionModel;

namespace training {

/// kVision before the paper's stages 0, 1 and 2.
enum class Stage { kVision, kConnector, kCaption, kRefine };

/// The names of the stages: "vision", "connector" or "0", "caption" or "1", "refine" or "2".
const std::map<std::string, Stage>& stages();

/// A run of one stage.
struct StageOptions {
  std::string stage;  ///< a name from stages(); another name of the same stage is another run
  std::string data;   ///< see load_dataset()
  std::string model;  ///< a model directory: the weights to begin with
  TrainerOptions trainer;
  std::string dtype = "f32";          ///< of the model that is written; the state of a run is always F32
  std::vector<std::string> prefixes;  ///< trains the tensors below these names; the stage's own when empty
  std::uint64_t seed = 0;
  int threads = 1;
  Index max_tokens = 128;  ///< longer captions are bad
  bool skip_bad = false;   ///< leave out bad images and captions instead of refusing them
  std::string cache;       ///< the folder of the frozen tower's features; the output when empty
  // Of kRefine alone:
  std::string drafts = "uniform";  ///< a name from draft_kinds()
  Index drafts_per_caption = 3;
  std::string lexicon;  ///< a file; lexicon.json beside the data when empty
  double initial_share = 0, draft_dropout = 0, draft_warmup = 0;
  std::string rates_data;  ///< held-out data to measure each saved model on; none when empty
  std::size_t rates_count = 100;
  /// Reads and decodes an image; called in parallel.
  std::function<Image(const std::string& path)> load_image;

  /// @throws Error kInvalidArgument when there is no stage of this name
  Stage kind() const;
  /// The settings that must not change when an interrupted run is resumed.
  std::map<std::string, std::string> identity() const;
  /// The share of drafts that this step leaves out: all at first, falling evenly to `draft_dropout` over the first
  /// `draft_warmup` of all steps.
  double dropout_at(Index step) const;
  /// The seed of this stage: other stages of the same seed draw other numbers.
  std::uint64_t run_seed() const;
};

/// Reads and checks the data of a stage; reports what is left out. @throws Error as load_dataset()
Dataset load_stage_data(const StageOptions& options, const CaptionModel& model, const TrainingEvents& events);

/// lexicon.json beside a data set, which is a folder or a file in it.
std::string lexicon_beside(const std::string& data);

/// @throws Error kCancelled with this text when the run was asked to end.
void require_not_cancelled(const TrainingEvents& events, const char* what);

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/stage.inl"
#endif
