/// @file
/// `sharpeye probe`: what each layer of a vision tower still tells about the things in a scene, linearly.

#include <iomanip>
#include <sstream>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/training/linear_probe.hpp"
#include "tools/options.hpp"
#include "tools/scene_things.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct ProbeCommand {
  std::string model, data, test;
  Index count = 4000;
  int threads = ThreadPool::default_size();
  bool json = false;
};

int run_probe(const ProbeCommand& command) {
  SceneViewer viewer(command.model, command.threads);
  const Things train = viewer.look(command.data, command.count), test = viewer.look(command.test, command.count);
  Json result;
  std::ostringstream table;
  table << std::left << std::setw(10) << "layer" << std::right;
  for (Index state = 0; state < viewer.num_states(); ++state) table << std::setw(8) << state;
  table << "\n" << std::fixed << std::setprecision(1);
  for (const char* name : {"colour", "shape", "count", "texture", "size", "action", "place"}) {
    const Attribute &known = train.attributes.at(name), &asked = test.attributes.at(name);
    table << std::left << std::setw(10) << name << std::right;
    for (std::size_t state = 0; state < train.features.size(); ++state) {
      const auto [features, labels] = examples_of(train.features[state], known, known.classes);
      const auto [unseen, truth] = examples_of(test.features[state], asked, known.classes);
      const auto answers =
          training::LinearProbe(features).fit(labels, static_cast<Index>(known.classes.size())).classify(unseen);
      Index right = 0;
      for (std::size_t i = 0; i < truth.size(); ++i) right += answers[i] == truth[i];
      const double share = static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(1, truth.size()));
      result[name].push_back(share);
      table << std::setw(8) << 100 * share;
    }
    table << "\n";
  }
  write_out(command.json ? result.dump() + "\n" : table.str());
  return kOk;
}

}  // namespace

void add_probe(Command& command) {
  const auto options = std::make_shared<ProbeCommand>();
  command.description = "Measure what each vision layer tells linearly about scenes";
  command.text("--model", options->model, "With the tower to look into").type("DIR").required();
  command.text("--data", options->data, "Scenes to learn the probes from").type("DIR").required();
  command.text("--test", options->test, "Scenes to measure them on").type("DIR").required();
  command.number("--count", options->count, 1, 1'000'000, "Scenes of each, at most");
  command.number("--threads", options->threads, 1, ThreadPool::kMaxThreads);
  command.flag("--json", options->json, "Shares of right answers by layer as JSON instead of a table of percents");
  command.run = [options] { return run_probe(*options); };
}

}  // namespace tool
