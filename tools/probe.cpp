/// @file
/// `sharpeye probe`: what each layer of a vision tower still tells about the things in a scene.

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/training/attentive_probe_stage.hpp"
#include "sharpeye/training/linear_probe.hpp"
#include "tools/images.hpp"
#include "tools/layer_sets.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"
#include "tools/scene_things.hpp"

namespace tool {
namespace {

struct ProbeCommand {
  std::string data, test;
  Index count = 4000;
  bool json = false;
  std::vector<std::string> layers;  ///< of attentive probes
  std::string folder;
  training::AttentiveProbeOptions attentive;  ///< its model and threads are those of linear probes, too
};

using Shares = std::vector<std::pair<std::string, std::vector<double>>>;

// The table of right answers, a column for each probe.
void write_shares(const ProbeCommand& command, const std::vector<std::string>& columns, const Shares& shares) {
  Json result;
  std::ostringstream table;
  table << std::left << std::setw(10) << "layer" << std::right;
  for (const std::string& column : columns) table << std::setw(8) << column;
  table << "\n" << std::fixed << std::setprecision(1);
  for (const auto& [name, values] : shares) {
    table << std::left << std::setw(10) << name << std::right;
    for (const double share : values) {
      result[name].push_back(share);
      table << std::setw(8) << 100 * share;
    }
    table << "\n";
  }
  write_out(command.json ? result.dump() + "\n" : table.str());
}

double share_of(Index right, std::size_t all) {
  return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, all));
}

void probe_linearly(const ProbeCommand& command) {
  const Things train = read_things(command.data, command.count), test = read_things(command.test, command.count);
  SceneViewer viewer(command.attentive.model, command.attentive.threads);
  const auto seen = viewer.look(train), unseen = viewer.look(test);
  std::vector<std::string> columns;
  for (Index state = 0; state < viewer.num_states(); ++state) columns.push_back(std::to_string(state));
  Shares shares;
  for (const char* name : {"colour", "shape", "count", "texture", "size", "action", "place"}) {
    const Attribute &known = train.attributes.at(name), &asked = test.attributes.at(name);
    auto& values = shares.emplace_back(name, std::vector<double>()).second;
    for (std::size_t state = 0; state < seen.size(); ++state) {
      const auto [features, labels] = examples_of(seen[state], known, known.classes);
      const auto [others, truth] = examples_of(unseen[state], asked, known.classes);
      const auto answers =
          training::LinearProbe(features).fit(labels, static_cast<Index>(known.classes.size())).classify(others);
      Index right = 0;
      for (std::size_t i = 0; i < truth.size(); ++i) right += answers[i] == truth[i];
      values.push_back(share_of(right, truth.size()));
    }
  }
  write_shares(command, columns, shares);
}

// What attentive probes answer; they ask for a thing by its colour, which no other of its scene has.
const std::vector<std::string> kAnswers{"shape", "count", "texture", "size", "action"};

std::vector<training::ProbedImage> probed_images(const Things& things, const Things& known) {
  const std::vector<Index> colours = classes_in(things.attributes.at("colour"), known.attributes.at("colour").classes);
  std::vector<std::vector<Index>> answers;
  for (const std::string& name : kAnswers)
    answers.push_back(classes_in(things.attributes.at(name), known.attributes.at(name).classes));
  std::vector<training::ProbedImage> images;
  for (std::size_t image = 0; image < things.images.size(); ++image) {
    auto& own = images.emplace_back(training::ProbedImage{things.images[image], {}}).things;
    for (std::size_t thing = things.first_of_image[image]; thing < things.first_of_image[image + 1]; ++thing) {
      own.push_back({static_cast<std::int32_t>(colours[thing]), {}});
      for (const auto& kind : answers) own.back().answers.push_back(static_cast<std::int32_t>(kind[thing]));
    }
  }
  return images;
}

// A line for each image: of each thing its colour and what the probe says.
std::string answers_text(const std::vector<training::ProbedImage>& images, const training::ProbeAnswers& said,
                         const Things& known) {
  const auto name_of = [&](const std::string& attribute, std::int32_t number) {
    for (const auto& [name, own] : known.attributes.at(attribute).classes)
      if (own == number) return name;
    return std::string();
  };
  std::string text;
  for (std::size_t image = 0; image < images.size(); ++image) {
    Json line{{"image", images[image].path}, {"things", Json::list()}};
    for (std::size_t thing = 0; thing < images[image].things.size(); ++thing) {
      Json answers{{"colour", name_of("colour", images[image].things[thing].subject)}};
      for (std::size_t kind = 0; kind < kAnswers.size(); ++kind)
        answers[kAnswers[kind]] = name_of(kAnswers[kind], said.answers[image][thing][kind]);
      line["things"].push_back(answers);
    }
    text += line.dump() + "\n";
  }
  return text;
}

int probe_with_attention(ProbeCommand& command) {
  std::vector<std::vector<Index>> sets;
  for (const std::string& text : command.layers) sets.push_back(parse_layers(text));
  const Things train = read_things(command.data, command.count), test = read_things(command.test, command.count);
  training::AttentiveProbeOptions& options = command.attentive;
  options.images = probed_images(train, train);
  options.test_images = probed_images(test, train);
  options.num_subjects = static_cast<Index>(train.attributes.at("colour").classes.size());
  for (const std::string& name : kAnswers) {  // few scenes may have no action at all
    options.num_answers.push_back(std::max<Index>(1, static_cast<Index>(train.attributes.at(name).classes.size())));
  }
  options.load_image = [](const std::string& path) { return load_image(path); };
  catch_interrupts();
  Shares shares;
  for (const std::string& name : kAnswers) shares.emplace_back(name, std::vector<double>());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    ProgressLine steps("layers " + command.layers[i]);
    ProgressLines parts;
    training::TrainingEvents events;
    events.is_cancelled = is_interrupted;
    events.on_progress = [&](const std::string& what, Index done, Index total) { parts.show(what, done, total); };
    events.on_step = [&](const training::TrainingStep& step) {
      steps.show(step.step, step.of_steps, "loss " + fixed(step.loss, 4));
    };
    options.layers = sets[i];
    options.trainer.output = name_with(command.folder + "/layers", sets[i]);
    const training::ProbeAnswers said = training::probe_attentively(options, events);
    steps.finish();
    if (!said.is_complete) return kInterrupted;
    write_file(options.trainer.output + "/answers.jsonl", answers_text(options.test_images, said, train));
    for (std::size_t kind = 0; kind < kAnswers.size(); ++kind) {
      Index right = 0;
      std::size_t all = 0;
      for (std::size_t image = 0; image < said.answers.size(); ++image) {
        for (std::size_t thing = 0; thing < said.answers[image].size(); ++thing) {
          const std::int32_t truth = options.test_images[image].things[thing].answers[kind];
          all += truth >= 0;
          right += truth >= 0 && said.answers[image][thing][kind] == truth;
        }
      }
      shares[kind].second.push_back(share_of(right, all));
    }
  }
  write_shares(command, command.layers, shares);
  return kOk;
}

int run_probe(ProbeCommand& command) {
  if (!command.layers.empty()) return probe_with_attention(command);
  probe_linearly(command);
  return kOk;
}

}  // namespace

void add_probe(Command& command) {
  const auto options = std::make_shared<ProbeCommand>();
  training::AttentiveProbeOptions& attentive = options->attentive;
  training::OptimizationConfig& optimization = attentive.trainer.optimization;
  optimization.adamw.weight_decay = 0.05;
  attentive.threads = ThreadPool::default_size();
  command.description = "Measure what vision layers tell about scenes, linearly or to one who attends";
  command.text("--model", attentive.model, "With the tower to look into").type("DIR").required();
  command.text("--data", options->data, "Scenes to learn the probes from").type("DIR").required();
  command.text("--test", options->test, "Scenes to measure them on").type("DIR").required();
  command.number("--count", options->count, 1, 1'000'000, "Scenes of each, at most");
  command.number("--threads", attentive.threads, 1, ThreadPool::kMaxThreads);
  command.flag("--json", options->json, "Shares of right answers as JSON instead of a table of percents");
  auto& layers = add_layer_sets(command, options->layers,
                                "Train an attentive probe of these layers, such as 5 or 2,4,5, instead of linear ones; "
                                "once for each probe");
  auto& folder =
      command.text("-o,--output", options->folder, "Attentive probes and their answers; an interrupted run goes on")
          .type("DIR");
  layers.needs(folder);
  folder.needs(layers);
  command.text("--cache", attentive.cache, "Where the features' files are, as of train --cache")
      .type("DIR")
      .needs(layers);
  command.number("--steps", optimization.steps, 1, 100'000'000).needs(layers);
  command.number("--batch-size", optimization.batch_size, 1, 65536).needs(layers);
  command.number("--learning-rate", optimization.learning_rate, 0, 1, "The highest, after warm-up").needs(layers);
  command.number("--hidden-size", attentive.hidden_size, 4, 4096, "Of an attentive probe; a multiple of four")
      .needs(layers);
  command.number("--blocks", attentive.num_hidden_layers, 0, 64, "Its Transformer blocks").needs(layers);
  command.number("--save-every", attentive.trainer.save_every, 1, 100'000'000, "Steps").needs(layers);
  command.seed(attentive.seed, "Of the order and the first weights").needs(layers);
  command.run = [options] { return run_probe(*options); };
}

}  // namespace tool
