// Training steps of 64 samples with a model directory (SHARPEYE_BENCH_DEMO_MODEL), as a share of the FMA peak of the
// same minute: forward and back through the vision tower, the first and the second glance, and AdamW.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "machine.hpp"
#include "sharpeye/core/random.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/training/caption_objective.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/optimization.hpp"

using namespace sharpeye;
using training::Autodiff;

namespace {

constexpr Index kBatch = 64;
const char* const kDraft = "a small striped red ring left of a large dotted blue fish.";
const char* const kTrueCaption = "a small striped red ring is left of a large dotted pink fish.";

enum class Stage { kVision, kCaption, kRefine };

/// Forward FLOPs of one sample. Going back costs twice as much: a product by the weight, one for its gradient.
double forward_flops(const CaptionModel& model, Stage stage, const std::vector<std::int32_t>& target) {
  DeclaringLoader loader;
  const MmSerConfig& config = model.config();
  const MmSer<Counting> counted(config, loader);
  Counting ops;
  const auto size = static_cast<std::size_t>(config.vision_config.image_size());
  const Sight<Counting> sight = counted.look(ops, std::vector<float>(3 * size * size));
  if (stage == Stage::kVision) return ops.flops();
  const double vision = ops.flops();
  const bool second = stage == Stage::kRefine;
  const CausalLm<Counting>& language_model = second ? counted.refine_language_model() : counted.language_model();
  const Counting::Tensor visual = second ? counted.second_glance(ops, counted.second_features(ops, sight.second),
                                                                 counted.caption_ids(model.tokenizer(), kDraft))
                                         : counted.first_glance(ops, sight.first);
  const PromptTokens prompt = second ? model.refine_prompt().tokenize(model.tokenizer(), kDraft)
                                     : model.initial_prompt().tokenize(model.tokenizer());
  const auto sequence = counted.prompt(ops, language_model, prompt, visual, {target.begin(), target.end() - 1});
  auto cache = language_model.make_cache(sequence.rows());
  const auto out = language_model.step(ops, sequence, cache);
  language_model.logits(ops, ops.slice_rows(out, 0, static_cast<Index>(target.size())));
  return ops.flops() - vision;
}

void train(benchmark::State& state, const CaptionModel& model, Stage stage, int threads) {
  const MmSerConfig& config = model.config();
  auto source = std::make_shared<MemorySource>();
  for (const TensorDeclaration& tensor : declare_tensors(config))
    source->add(tensor.name, tensor.shape, initial_values(tensor, 1));
  training::Parameters<float> parameters(source);
  const MmSer<Autodiff<float>> network(config, parameters.loader());
  parameters.train(stage == Stage::kVision    ? std::vector<std::string>{"vision_tower"}
                   : stage == Stage::kCaption ? std::vector<std::string>{"multi_modal_projector", "language_model"}
                                              : std::vector<std::string>{"ser_connector", "language_model"});
  ThreadPool pool(threads);
  training::Optimization<float> optimization(parameters, {}, pool);
  training::GradientShards<float> shards(parameters.num_trained());
  const training::CaptionObjective<float> objective(model, network);

  const std::vector<std::int32_t> target = objective.target_ids(kTrueCaption);
  const VisionConfig& vision = config.vision_config;
  Random random(1);
  std::vector<float> pixels(static_cast<std::size_t>(3 * vision.image_size() * vision.image_size()));
  for (float& pixel : pixels) pixel = static_cast<float>(random.normal());
  Matrix<float> hidden_state(vision.num_prefix_tokens() + vision.num_patches(), vision.hidden_size());
  for (Index i = 0; i < hidden_state.size(); ++i) hidden_state.data()[i] = static_cast<float>(random.normal());
  const auto states_of = [&](Autodiff<float>& ops, const std::vector<Index>& layers) {
    return objective.constants(ops, std::vector<Matrix<float>>(layers.size(), hidden_state));
  };
  const auto sample = [&](Index, Autodiff<float>& ops) {
    const float scale = 1.0f / kBatch;
    if (stage == Stage::kVision) {
      ops.seed(network.tower()(ops, pixels, {config.num_vision_blocks()}).front(), hidden_state.data());
      return 0.0;
    }
    if (stage == Stage::kCaption) {
      return objective.initial_loss(ops, states_of(ops, config.connector.vision_feature_layers), target, scale);
    }
    return objective.refine_loss(ops, states_of(ops, config.ser_connector->vision_feature_layers), kDraft, target,
                                 scale);
  };
  const double before = bench::measure_peak(threads), begin = bench::seconds();
  for (auto _ : state) {
    shards.run(pool, kBatch, sample);
    optimization.apply(shards.sum(pool));
  }
  const double flops = 3.0 * kBatch * forward_flops(model, stage, target);
  const double rate = flops * static_cast<double>(state.iterations()) / (bench::seconds() - begin) / 1e9;
  const double peak = std::max(before, bench::measure_peak(threads));
  state.counters["GFLOP"] = flops / 1e9;
  state.counters["GFLOP/s"] = rate;
  if (peak > 0) state.counters["of_peak"] = rate / peak;
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  const char* folder = std::getenv("SHARPEYE_BENCH_DEMO_MODEL");
  if (folder == nullptr) {
    std::fputs("SHARPEYE_BENCH_DEMO_MODEL: expected a model directory of two glances (weights/demo)\n", stderr);
    return 2;
  }
  const auto model = CaptionModel::load(folder);
  require(model->config().ser_connector.has_value(), ErrorCode::kConfig, folder, ": expected a second glance");
  const std::pair<const char*, Stage> stages[] = {
      {"vision", Stage::kVision}, {"caption", Stage::kCaption}, {"refine", Stage::kRefine}};
  for (const int threads : {1, 2}) {
    for (const auto& [name, stage] : stages) {
      benchmark::RegisterBenchmark(
          concat("train_", name, "/batch:", kBatch, "/threads:", threads).c_str(),
          [model, stage = stage, threads](auto& state) { train(state, *model, stage, threads); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
  benchmark::RunSpecifiedBenchmarks();
} catch (const sharpeye::Error& error) {
  std::fprintf(stderr, "bench_training: %s\n", error.what());
  return 2;
}
