#pragma once

/// @file
/// Bodies of stage.hpp.

#include "sharpeye/training/stage.hpp"

#include <filesystem>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/random.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/training/load_dataset.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY const std::map<std::string, Stage>& stages() {
  static const std::map<std::string, Stage> all{{"vision", Stage::kVision}, {"connector", Stage::kConnector},
                                                {"0", Stage::kConnector},   {"caption", Stage::kCaption},
                                                {"1", Stage::kCaption},     {"refine", Stage::kRefine},
                                                {"2", Stage::kRefine}};
  return all;
}

SHARPEYE_BODY Stage StageOptions::kind() const {
  const auto found = stages().find(stage);
  require(found != stages().end(), ErrorCode::kInvalidArgument,
          "stage: expected vision, connector, caption or refine, actual ", in_quotes(stage));
  return found->second;
}

SHARPEYE_BODY std::map<std::string, std::string> StageOptions::identity() const {
  std::string trained;
  for (const std::string& prefix : prefixes) trained += prefix + " ";
  std::map<std::string, std::string> identity{{"stage", stage},
                                              {"data", data},
                                              {"model", model},
                                              {"seed", concat(seed)},
                                              {"train", trained},
                                              {"drafts", drafts},
                                              {"drafts_per_caption", concat(drafts_per_caption)},
                                              {"initial_share", concat(initial_share)}};
  // Runs from before there were these options go on.
  if (draft_dropout > 0) identity["draft_dropout"] = concat(draft_dropout);
  if (draft_warmup > 0) identity["draft_warmup"] = concat(draft_warmup);
  return identity;
}

SHARPEYE_BODY double StageOptions::dropout_at(Index step) const {
  const double come_in = draft_warmup * static_cast<double>(trainer.optimization.steps);
  const auto now = static_cast<double>(step);
  return now < come_in ? 1 - (1 - draft_dropout) * now / come_in : draft_dropout;
}

SHARPEYE_BODY std::uint64_t StageOptions::run_seed() const {
  std::uint64_t state = seed;
  for (const char c : stage) state = state * 131 + static_cast<unsigned char>(c);
  return Random(seed, state).next();
}

SHARPEYE_BODY Dataset load_stage_data(const StageOptions& options, const CaptionModel& model,
                                      const TrainingEvents& events) {
  DatasetOptions dataset;
  dataset.on_bad = options.skip_bad ? OnBad::kSkip : OnBad::kRefuse;
  dataset.max_tokens = options.max_tokens;
  dataset.count_tokens = [&](const std::string& caption) {
    return static_cast<Index>(model.tokenizer().encode(caption, {false, false}).size());
  };
  Dataset data = load_dataset(options.data, dataset);
  if (data.report.total() > 0 && events.on_note) events.on_note("left out: " + data.report.text());
  return data;
}

SHARPEYE_BODY std::string lexicon_beside(const std::string& data) {
  const std::filesystem::path path(data);
  return ((std::filesystem::is_directory(path) ? path : path.parent_path()) / "lexicon.json").string();
}

SHARPEYE_BODY void require_not_cancelled(const TrainingEvents& events, const char* what) {
  require(!events.is_cancelled || !events.is_cancelled(), ErrorCode::kCancelled, what);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
