#pragma once

/// @file
/// Correction and damage of a model's second glance, on drafts made from true captions and on its own.

#include <memory>
#include <string>

#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "tools/terminal.hpp"

namespace tool {

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
};

struct MeasuredRates {
  CorrectionRates pseudo, own;

  /// Shares of both, with the kinds of words.
  Json to_json() const;
  /// One line: correction and damage of both.
  std::string summary() const;
};

/// Refines a draft of one true caption of each image, and the model's own first caption. @throws Error
MeasuredRates measure_rates(const std::shared_ptr<const CaptionModel>& model, const RatesData& held_out,
                            const RatesOptions& options, ThreadPool& pool);

}  // namespace tool
