#include "tools/measure_rates.hpp"

#include <filesystem>
#include <iomanip>
#include <sstream>

#include "sharpeye/training/perturber.hpp"
#include "tools/caption_many.hpp"

namespace tool {
namespace {

Json fates_json(const WordFates& fates) {
  return {{"words", fates.total()},
          {"draft_right", fates.draft_accuracy()},
          {"refined_right", fates.refined_accuracy()},
          {"correction", fates.correction()},
          {"damage", fates.damage()}};
}

Json rates_json(const CorrectionRates& rates) {
  Json json = fates_json(rates.all());
  json["changed"] = rates.changed();
  json["draft_exact"] = rates.draft_exact();
  json["refined_exact"] = rates.refined_exact();
  for (const ElementKind kind : kElementKinds) {
    if (rates.of(kind).total() > 0) json["kinds"][to_string(kind)] = fates_json(rates.of(kind));
  }
  return json;
}

}  // namespace

RatesData RatesData::load(const std::string& data, const std::string& lexicon, std::size_t count) {
  const std::filesystem::path path(data);
  const std::filesystem::path folder = std::filesystem::is_directory(path) ? path : path.parent_path();
  RatesData held_out{load_dataset(data), Lexicon::load(lexicon.empty() ? (folder / "lexicon.json").string() : lexicon)};
  held_out.data.images.resize(std::min(count, held_out.data.images.size()));
  return held_out;
}

Json MeasuredRates::to_json() const {
  return {{"pseudo", rates_json(pseudo)}, {"own", rates_json(own)}};
}

std::string MeasuredRates::summary() const {
  std::ostringstream line;
  line << std::fixed << std::setprecision(1);
  for (const bool is_own : {false, true}) {
    const WordFates fates = (is_own ? own : pseudo).all();
    line << (is_own ? "; own drafts: " : "pseudo drafts: ") << "correction " << 100 * fates.correction()
         << " %, damage " << 100 * fates.damage() << " %, right " << 100 * fates.draft_accuracy() << " -> "
         << 100 * fates.refined_accuracy() << " %";
  }
  return line.str();
}

MeasuredRates measure_rates(const std::shared_ptr<const CaptionModel>& model, const RatesData& held_out,
                            const RatesOptions& options, ThreadPool& pool) {
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
    ProgressLine progress(own ? "own drafts" : "pseudo drafts");
    const auto captions = caption_many(
        model, paths, pool.size(),
        [&](std::size_t i) {
          CaptionOptions changed = caption;
          if (!own) changed.initial = pseudo[i];
          return changed;
        },
        progress);
    progress.finish();
    for (std::size_t i = 0; i < captions.size(); ++i) {
      (own ? measured.own : measured.pseudo)
          .add(own ? held_out.data.images[i].captions : std::vector<std::string>{truths[i]}, captions[i].initial,
               captions[i].refined);
    }
  }
  return measured;
}

}  // namespace tool
