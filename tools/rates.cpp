/// @file
/// `sharpeye rates`: how much of its drafts the second glance puts right, and how much it spoils.

#include "sharpeye/training/rates.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

using namespace training;

struct RatesCommand {
  std::string model, data, lexicon;
  std::size_t count = 200;
  std::uint64_t seed = 0;
  Index rounds = 1, beams = 1;
  int threads = ThreadPool::default_size();
  bool json = false;
};

std::string padded(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string table_line(const std::string& name, const WordFates& fates) {
  std::string line = name + std::string(24 - name.size(), ' ') + padded(concat(fates.total()), 8);
  for (const double share : {fates.draft_accuracy(), fates.refined_accuracy(), fates.correction(), fates.damage()}) {
    line += padded(fixed(100 * share, 1), 9) + " %";
  }
  return line + "\n";
}

int run_rates(const RatesCommand& command) {
  const auto model = CaptionModel::load(command.model);
  require(model->refines(), ErrorCode::kConfig, command.model,
          "/config.json: ser_connector: expected for a second glance, actual none");
  const RatesData held_out = RatesData::load(command.data, command.lexicon, command.count);
  catch_interrupts();

  ProgressLines parts;
  TrainingEvents events;
  events.is_cancelled = is_interrupted;
  events.on_progress = [&](const std::string& what, Index done, Index total) { parts.show(what, done, total); };
  const MeasuredRates rates = measure_rates(model, held_out,
                                            {command.seed, command.rounds, command.beams, command.threads,
                                             [](const std::string& path) { return load_image(path); }},
                                            events);
  std::string table = "                           words    draft   refined correction     damage\n";
  for (const bool own : {false, true}) {
    const CorrectionRates& of_drafts = own ? rates.own : rates.pseudo;
    table += table_line(own ? "own drafts" : "pseudo drafts", of_drafts.all());
    for (const ElementKind kind : kElementKinds) {
      if (of_drafts.of(kind).total() > 0) table += table_line(concat("  ", to_string(kind)), of_drafts.of(kind));
    }
  }
  write_out(command.json ? rates.to_json().dump(2) + "\n" : table);
  return kOk;
}

}  // namespace

void add_rates(Command& command) {
  const auto options = std::make_shared<RatesCommand>();
  command.description = "Measure what the second glance corrects and what it damages";
  command.text("--model", options->model, "With a second glance").type("DIR").required();
  command.text("--data", options->data, "Images with captions.json; drafts that were never trained on")
      .type("DIR")
      .required();
  command.text("--lexicon", options->lexicon, "Of the pseudo drafts; by default the data's lexicon.json").type("FILE");
  command.number("--count", options->count, 1, 10'000'000, "Images");
  command.seed(options->seed, "Of the pseudo drafts");
  command.number("--rounds", options->rounds, 1, 100);
  command.number("--beams", options->beams, 1, 64);
  command.number("--threads", options->threads, 1, ThreadPool::kMaxThreads);
  command.flag("--json", options->json, "Shares as JSON instead of a table");
  command.run = [options] { return run_rates(*options); };
}

}  // namespace tool
