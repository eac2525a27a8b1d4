#pragma once

/// @file
/// Bodies of rates.hpp.

#include "sharpeye/training/rates.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/random.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/pipeline/caption_many.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "sharpeye/training/perturber.hpp"
#include "sharpeye/training/stage.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

inline Json fates_json(const WordFates& fates) {
  return {{"words", fates.total()},
          {"draft_right", fates.draft_accuracy()},
          {"refined_right", fates.refined_accuracy()},
          {"correction", fates.correction()},
          {"damage", fates.damage()}};
}

inline Json rates_json(const CorrectionRates& rates) {
  Json json = fates_json(rates.all());
  json["changed"] = rates.changed();
  json["draft_exact"] = rates.draft_exact();
  json["refined_exact"] = rates.refined_exact();
  for (const ElementKind kind : kElementKinds) {
    if (rates.of(kind).total() > 0) json["kinds"][to_string(kind)] = fates_json(rates.of(kind));
  }
  return json;
}

}  // namespace detail

SHARPEYE_BODY RatesData RatesData::load(const std::string& data, const std::string& lexicon, std::size_t count) {
  RatesData held_out{load_dataset(data), Lexicon::load(lexicon.empty() ? lexicon_beside(data) : lexicon)};
  held_out.data.images.resize(std::min(count, held_out.data.images.size()));
  return held_out;
}

SHARPEYE_BODY Json MeasuredRates::to_json() const {
  return {{"pseudo", detail::rates_json(pseudo)}, {"own", detail::rates_json(own)}};
}

SHARPEYE_BODY std::string MeasuredRates::summary() const {
  const auto line = [](const char* name, const WordFates& fates) {
    const auto percent = [](double share) { return fixed(100 * share, 1); };
    return concat(name, "correction ", percent(fates.correction()), " %, damage ", percent(fates.damage()),
                  " %, right ", percent(fates.draft_accuracy()), " -> ", percent(fates.refined_accuracy()), " %");
  };
  return line("pseudo drafts: ", pseudo.all()) + line("; own drafts: ", own.all());
}

SHARPEYE_BODY MeasuredRates measure_rates(const std::shared_ptr<const CaptionModel>& model, const RatesData& held_out,
                                          const RatesOptions& options, const TrainingEvents& events) {
  const Perturber perturber(held_out.lexicon);
  std::vector<std::string> paths, pseudo, truths;
  for (std::size_t i = 0; i < held_out.data.images.size(); ++i) {
    const CaptionedImage& image = held_out.data.images[i];
    paths.push_back(image.path);
    Random random(options.seed, i);
    truths.push_back(image.captions[random.below(image.captions.size())]);
    pseudo.push_back(perturber.perturb(truths.back(), random).text);
  }
  CaptionOptions caption;
  caption.rounds = options.rounds;
  caption.generation = model->generation();
  caption.generation->num_beams = options.beams;

  MeasuredRates measured{CorrectionRates(&held_out.lexicon), CorrectionRates(&held_out.lexicon)};
  for (const bool own : {false, true}) {
    CaptionManyCallbacks callbacks;
    callbacks.load = options.load_image;
    callbacks.is_cancelled = events.is_cancelled;
    callbacks.on_progress = [&](Index done, Index total) {
      if (events.on_progress) events.on_progress(own ? "own drafts" : "pseudo drafts", done, total);
    };
    callbacks.options = [&](std::size_t i) {
      CaptionOptions changed = caption;
      if (!own) changed.initial = pseudo[i];
      return changed;
    };
    const auto captions = caption_many(model, paths, options.threads, callbacks);
    for (std::size_t i = 0; i < captions.size(); ++i) {
      (own ? measured.own : measured.pseudo)
          .add(own ? held_out.data.images[i].captions : std::vector<std::string>{truths[i]}, captions[i].initial,
               captions[i].refined);
    }
  }
  return measured;
}

SHARPEYE_BODY RatesLog::RatesLog(const std::string& folder) : path_(folder + "/rates.jsonl") {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return;
  const std::string text = read_file(path_, std::uint64_t{1} << 26);
  JsonLines lines(text, path_);
  for (Json line; lines.next(line);) {
    if (line.contains("step") && line.at("step").is_integer()) lines_.push_back(line);
  }
}

SHARPEYE_BODY void RatesLog::add(Index step, const MeasuredRates& rates) {
  const auto is_later = [&](const Json& line) { return line.at("step").get<Index>() >= step; };
  lines_.erase(std::remove_if(lines_.begin(), lines_.end(), is_later), lines_.end());
  lines_.push_back(rates.to_json());
  lines_.back()["step"] = step;
  std::string text;
  for (const Json& line : lines_) text += line.dump() + "\n";
  write_file(path_, text);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
