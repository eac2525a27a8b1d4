/// @file
/// `sharpeye rates`: how much of its drafts the second glance puts right, and how much it spoils.

#include <filesystem>
#include <iomanip>
#include <sstream>

#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/dataset.hpp"
#include "sharpeye/training/perturber.hpp"
#include "tools/caption_many.hpp"
#include "tools/commands.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

struct RatesCommand {
  std::string model, data, lexicon;
  std::size_t count = 200;
  std::uint64_t seed = 0;
  Index rounds = 1, beams = 1;
  int threads = ThreadPool::default_size();
  bool json = false;
};

Json to_json(const WordFates& fates) {
  return {{"words", fates.total()},
          {"draft_right", fates.draft_accuracy()},
          {"refined_right", fates.refined_accuracy()},
          {"correction", fates.correction()},
          {"damage", fates.damage()}};
}

Json to_json(const CorrectionRates& rates) {
  Json json = to_json(rates.all());
  json["changed"] = rates.changed();
  json["draft_exact"] = rates.draft_exact();
  json["refined_exact"] = rates.refined_exact();
  for (const ElementKind kind : kElementKinds) {
    if (rates.of(kind).total() > 0) json["kinds"][to_string(kind)] = to_json(rates.of(kind));
  }
  return json;
}

std::string table_line(const std::string& name, const WordFates& fates) {
  std::ostringstream line;
  line << std::left << std::setw(24) << name << std::right << std::setw(8) << fates.total() << std::fixed
       << std::setprecision(1);
  for (const double share : {fates.draft_accuracy(), fates.refined_accuracy(), fates.correction(), fates.damage()}) {
    line << std::setw(9) << 100 * share << " %";
  }
  return line.str() + "\n";
}

int run_rates(const RatesCommand& command) {
  const auto model = CaptionModel::load(command.model);
  require(model->config().ser_connector.has_value(), ErrorCode::kConfig, command.model,
          "/config.json: ser_connector: expected for a second glance, actual none");
  Dataset data = load_dataset(command.data);
  data.images.resize(std::min(command.count, data.images.size()));
  const std::filesystem::path folder(command.data);
  const std::filesystem::path beside = std::filesystem::is_directory(folder) ? folder : folder.parent_path();
  const Lexicon lexicon = Lexicon::load(command.lexicon.empty() ? (beside / "lexicon.json").string() : command.lexicon);
  const Perturber perturber(lexicon);
  catch_interrupts();

  ThreadPool pool(command.threads);
  std::vector<std::string> paths, pseudo, truths;
  for (std::size_t i = 0; i < data.images.size(); ++i) {
    paths.push_back(data.images[i].path);
    Random random(command.seed, i);
    const auto& captions = data.images[i].captions;
    truths.push_back(captions[random.below(captions.size())]);
    pseudo.push_back(perturber.perturb(truths.back(), random).text);
  }
  CaptionOptions options;
  options.rounds = command.rounds;
  options.generation = model->generation();
  options.generation->num_beams = command.beams;

  Json result;
  std::string table = "                           words    draft   refined correction     damage\n";
  for (const bool own : {false, true}) {
    ProgressLine progress(own ? "own drafts" : "pseudo drafts");
    const auto captions = caption_many(
        model, paths, pool,
        [&](std::size_t i) {
          CaptionOptions changed = options;
          if (!own) changed.initial = pseudo[i];
          return changed;
        },
        progress);
    progress.finish();
    CorrectionRates rates(&lexicon);
    for (std::size_t i = 0; i < captions.size(); ++i) {
      rates.add(own ? data.images[i].captions : std::vector<std::string>{truths[i]}, captions[i].initial,
                captions[i].refined);
    }
    const std::string name = own ? "own" : "pseudo";
    result[name] = to_json(rates);
    table += table_line(name + " drafts", rates.all());
    for (const ElementKind kind : kElementKinds) {
      if (rates.of(kind).total() > 0) table += table_line(concat("  ", to_string(kind)), rates.of(kind));
    }
  }
  write_out(command.json ? result.dump(2) + "\n" : table);
  return kOk;
}

}  // namespace

void add_rates(CLI::App& app, Action& run) {
  const auto options = std::make_shared<RatesCommand>();
  CLI::App& command = *app.add_subcommand("rates", "Measure what the second glance corrects and what it damages");
  command.add_option("--model", options->model, "With a second glance")->required()->type_name("DIR");
  command.add_option("--data", options->data, "Images with captions.json; drafts that were never trained on")
      ->required()
      ->type_name("DIR");
  command.add_option("--lexicon", options->lexicon, "Of the pseudo drafts; by default the data's lexicon.json")
      ->type_name("FILE");
  command.add_option("--count", options->count, "Images")
      ->check(between<std::size_t>(1, 10'000'000))
      ->capture_default_str();
  add_seed(command, options->seed, "Of the pseudo drafts")->capture_default_str();
  command.add_option("--rounds", options->rounds)->check(between<Index>(1, 100))->capture_default_str();
  command.add_option("--beams", options->beams)->check(between<Index>(1, 64))->capture_default_str();
  command.add_option("--threads", options->threads)->check(between(1, ThreadPool::kMaxThreads))->capture_default_str();
  command.add_flag("--json", options->json, "Shares as JSON instead of a table");
  command.callback([options, &run] { run = [options] { return run_rates(*options); }; });
}

}  // namespace tool
