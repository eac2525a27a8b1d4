#include "sharpeye/training/trainer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/parameters.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

TrainerOptions options_in(const std::string& folder) {
  TrainerOptions options;
  options.output = folder;
  options.optimization.steps = 7;
  options.optimization.learning_rate = 0.1;
  options.save_every = 3;
  return options;
}

// One weight of two numbers, whose loss is half its square.
struct Problem {
  Problem() {
    auto source = std::make_shared<MemorySource>();
    source->add("w", {2}, {1, -2});
    parameters = std::make_unique<Parameters<float>>(source);
    parameters->loader().get("w", {2});
    parameters->train({""});
    shards = std::make_unique<GradientShards<float>>(parameters->num_trained());
  }
  bool run(Trainer& trainer, const TrainingEvents& events = {}) {
    const auto loss = [&](Index) {
      const auto& w = parameters->find("w").values;
      for (std::size_t i = 0; i < 2; ++i) shards->of_sample(0)[i] += w[i];
      return 0.5 * static_cast<double>(w[0] * w[0] + w[1] * w[1]);
    };
    ThreadPool pool(1);
    return trainer.run(
        *parameters, *shards, pool, loss, [&](Index step) { saved.push_back(step); }, events);
  }
  const std::vector<float>& values() { return parameters->find("w").values; }

  std::unique_ptr<Parameters<float>> parameters;
  std::unique_ptr<GradientShards<float>> shards;
  std::vector<Index> saved;
};

std::size_t log_lines(const std::string& folder) {
  const std::string text = read_file(folder + "/log.jsonl", 1 << 20);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a trainer makes all steps, saves now and then and at the end, and tells of both") {
  const test::TemporaryFolder folder;
  Trainer trainer(options_in(folder / "run"), {{"seed", "1"}});
  Problem problem;
  std::vector<double> losses;
  std::vector<Index> steps, told;
  TrainingEvents events;
  events.on_step = [&](const TrainingStep& step) {
    CHECK(step.of_steps == 7);
    steps.push_back(step.step);
    losses.push_back(step.loss);
  };
  events.on_saved = [&](Index step) { told.push_back(step); };
  CHECK(problem.run(trainer, events));
  CHECK(steps == std::vector<Index>{1, 2, 3, 4, 5, 6, 7});
  CHECK(losses.front() == 2.5);
  CHECK(losses.back() < losses.front());
  CHECK(problem.saved == std::vector<Index>{3, 6, 7});
  CHECK(told == problem.saved);
  CHECK(log_lines(folder / "run") == 7);
  CHECK(read_file(folder / "run/loss.svg", 1 << 20).find("<polyline") != std::string::npos);
}

TEST_CASE("a run that was cancelled saves, and goes on with the same bits") {
  const test::TemporaryFolder folder;
  Problem whole, first, second;
  Trainer uninterrupted(options_in(folder / "whole"), {{"seed", "1"}});
  CHECK(whole.run(uninterrupted));
  Trainer before(options_in(folder / "run"), {{"seed", "1"}});
  int asked = 0;
  TrainingEvents events;
  events.is_cancelled = [&] { return ++asked == 2; };
  CHECK_FALSE(first.run(before, events));
  CHECK(first.saved == std::vector<Index>{2});
  Trainer after(options_in(folder / "run"), {{"seed", "1"}});
  CHECK(second.run(after));
  CHECK(second.values() == whole.values());
  CHECK(log_lines(folder / "run") == 7);
  Trainer again(options_in(folder / "run"), {{"seed", "1"}});  // all is done: the model is written once more
  CHECK(second.run(again));
  CHECK(second.saved.back() == 7);
}

TEST_CASE("the state of another run is refused before anything is computed") {
  const test::TemporaryFolder folder;
  Problem problem;
  Trainer trainer(options_in(folder / "run"), {{"seed", "1"}});
  CHECK(problem.run(trainer));
  CHECK_THROWS_WITH_AS(Trainer(options_in(folder / "run"), {{"seed", "2"}}),
                       doctest::Contains("seed: expected 2, the interrupted run had 1"), Error);
  write_file(folder / "run/log.jsonl", "{not JSON\n");
  CHECK_THROWS_WITH_AS(Trainer(options_in(folder / "run"), {{"seed", "1"}}), doctest::Contains("log.jsonl"), Error);
  write_file(folder / "file", "");
  CHECK_THROWS(Trainer(options_in(folder / "file/run"), {}));
}

TEST_CASE("weights are asked for in the order in which states of runs have them, whatever the compiler") {
  const std::string path = SHARPEYE_SOURCE_DIR "/weights/demo/config.json";
  const MmSerConfig config = MmSerConfig::from_json(JsonReader(read_json_file(path, 1 << 20), path));
  const auto declared = declare_tensors(config);
  const auto place = [&](const std::string& name) {
    return std::find_if(declared.begin(), declared.end(), [&](const auto& tensor) { return tensor.name == name; }) -
           declared.begin();
  };
  const auto in_order = [&](const std::string& layer, const std::vector<std::string>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      CAPTURE(layer + parts[i]);
      CHECK(place(layer + parts[i] + ".weight") < static_cast<std::ptrdiff_t>(declared.size()));
      if (i > 0) CHECK(place(layer + parts[i - 1] + ".weight") < place(layer + parts[i] + ".weight"));
    }
  };
  in_order("vision_tower.vision_model.encoder.layers.0.",
           {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "layer_norm1", "mlp.fc1",
            "mlp.fc2", "layer_norm2"});
  in_order("language_model.model.decoder.layers.0.",
           {"self_attn.q_proj", "self_attn.out_proj", "self_attn_layer_norm", "fc1", "fc2", "final_layer_norm"});
}
