#pragma once

/// @file
/// Correction and damage of a model's second glance, on drafts made from true captions and on its own.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sharpeye/core/image.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/dataset.hpp"
#include "sharpeye/training/trainer.hpp"

SHARPEYE_NAMESPACE_BEGIN

class CaptionModel;

namespace training {

/// Held-out captioned images, and the lexicon that makes drafts of their captions.
struct RatesData {
  Dataset data;
  Lexicon lexicon;

  /// The first `count` images. @param lexicon a file; lexicon.json beside the data if empty. @throws Error
  static RatesData load(const std::string& data, const std::string& lexicon, std::size_t count);
};

struct RatesOptions {
  std::uint64_t seed = 0;  ///< of the drafts
  Index rounds = 1, beams = 1;
  int threads = 1;
  /// Reads and decodes an image; called in parallel.
  std::function<Image(const std::string& path)> load_image;
};

struct MeasuredRates {
  CorrectionRates pseudo, own;

  /// Shares of both, with the kinds of words.
  Json to_json() const;
  /// One line: correction and damage of both.
  std::string summary() const;
};

/// Refines a draft of one true caption of each image, and the model's own initial caption. Calls on_progress and
/// is_cancelled. @throws Error
MeasuredRates measure_rates(const std::shared_ptr<const CaptionModel>& model, const RatesData& held_out,
                            const RatesOptions& options, const TrainingEvents& events = {});

/// rates.jsonl beside a model under training: a line for each step whose model was measured.
class RatesLog {
 public:
  /// Reads the lines that are there. @throws Error as reading the file and its JSON
  explicit RatesLog(const std::string& folder);

  /// Adds the line of a step in the place of those of this step and later ones, which an interruption undid.
  /// @throws Error kFileAccess
  void add(Index step, const MeasuredRates& rates);

 private:
  std::string path_;
  std::vector<Json> lines_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/rates.inl"
#endif
