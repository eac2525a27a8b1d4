#pragma once

/// @file
/// What `sharpeye train` was told, and the data it was given.

#include <map>
#include <string>
#include <vector>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "tools/training_run.hpp"

namespace tool {

using training::Autodiff;

enum class Stage { kVision, kConnector, kCaption, kRefine };

struct TrainCommand {
  std::string stage, data, model, cache, lexicon, rates_data;
  std::size_t rates_count = 100;
  std::string drafts = "uniform";
  TrainingRunOptions run;
  std::vector<std::string> prefixes;
  std::uint64_t seed = 0;
  int threads = ThreadPool::default_size();
  Index max_tokens = 128;
  Index drafts_per_caption = 3;
  double initial_share = 0, draft_dropout = 0, draft_warmup = 0;
  bool skip_bad = false;
  std::string dtype = "f32";  ///< of the model that is written; the state of a run is always F32

  DType model_dtype() const { return codec_named(dtype).dtype(); }

  /// What must be the same when an interrupted run goes on.
  std::map<std::string, std::string> identity() const;
  /// The share of drafts that this step leaves out: all at first, falling evenly to `draft_dropout` over the first
  /// `draft_warmup` of all steps.
  double dropout_at(Index step) const;
  /// The seed of this stage: other stages of the same seed draw other numbers.
  std::uint64_t run_seed() const;
};

/// Reads and checks the data before anything is computed; says on stderr what is left out. @throws Error
Dataset load_training_data(const TrainCommand& command, const CaptionModel& model);

/// The initial values of everything that a network declares, and all else that the model's file holds: from that file,
/// or random where it has none. A tied head that is stored once more is left out.
std::shared_ptr<MemorySource> initial_weights(const std::string& folder, const MmSerConfig& config,
                                              const std::vector<TensorDeclaration>& declared, std::uint64_t seed);

/// The weights as they are now: those of `source`, replaced where they are parameters.
MemorySource current_weights(const MemorySource& source, const Parameters& parameters);

/// Walks through a data set in an order that is new in each epoch and depends on the seed only.
class ShuffledOrder {
 public:
  ShuffledOrder(std::size_t size, std::uint64_t seed) : seed_(seed), order_(size) {}
  /// The example at this position of an endless walk; cheap as long as the epoch is that of the last call.
  std::size_t at(std::uint64_t position);

 private:
  std::uint64_t seed_, epoch_ = ~std::uint64_t{0};
  std::vector<std::size_t> order_;
};

}  // namespace tool
