/// @file
/// `sharpeye train`: the paper's stages, and the pre-training of a vision tower for those who have none.

#include <filesystem>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/training/caption_stage.hpp"
#include "sharpeye/training/drafts.hpp"
#include "sharpeye/training/rates.hpp"
#include "sharpeye/training/vision_stage.hpp"
#include "tools/commands.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

int run_train(training::StageOptions options) {
  const std::string& output = options.trainer.output;
  require(!std::filesystem::exists(output) || !std::filesystem::equivalent(options.model, output),
          ErrorCode::kInvalidArgument, "--output: expected another directory than --model");
  catch_interrupts();
  options.load_image = [](const std::string& path) { return load_image(path); };
  ProgressLine steps("training");
  ProgressLines parts;
  training::TrainingEvents events;
  events.is_cancelled = is_interrupted;
  events.on_note = [](const std::string& text) { report(text); };
  events.on_progress = [&](const std::string& what, Index done, Index total) { parts.show(what, done, total); };
  events.on_step = [&](const training::TrainingStep& step) {
    steps.show(step.step, step.of_steps, "loss " + fixed(step.loss, 3));
  };
  events.on_rates = [](Index step, const training::MeasuredRates& rates) {
    report(concat("step ", step, ": ", rates.summary()));
  };
  const bool is_vision = options.kind() == training::Stage::kVision;
  const bool is_done = is_vision ? training::train_vision(options, events) : training::train_captions(options, events);
  steps.finish();
  return is_done ? kOk : kInterrupted;
}

}  // namespace

void add_train(CLI::App& app, Action& run) {
  const auto options = std::make_shared<training::StageOptions>();
  options->threads = ThreadPool::default_size();
  CLI::App& command = *app.add_subcommand("train", "Train a stage: vision, connector (0), caption (1), refine (2)");
  std::vector<std::string> names;
  for (const auto& stage : training::stages()) names.push_back(stage.first);
  training::OptimizationConfig& optimization = options->trainer.optimization;
  command.add_option("stage", options->stage, "The stage")->required()->check(CLI::IsMember(names));
  command
      .add_option("--data", options->data, "A folder with captions.json or captions.jsonl and images, or such a file")
      ->required()
      ->type_name("DIR");
  command.add_option("--model", options->model, "The model to begin with")->required()->type_name("DIR");
  command.add_option("-o,--output", options->trainer.output, "The trained model; an interrupted run goes on here")
      ->required()
      ->type_name("DIR");
  command.add_option("--steps", optimization.steps)->check(between<Index>(1, 100'000'000))->capture_default_str();
  command.add_option("--batch-size", optimization.batch_size)->check(between<Index>(1, 65536))->capture_default_str();
  command.add_option("--learning-rate", optimization.learning_rate, "The highest, after warm-up")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--warmup-ratio", optimization.warmup_ratio)->check(between(0.0, 1.0))->capture_default_str();
  command.add_option("--weight-decay", optimization.adamw.weight_decay)
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--max-gradient-norm", optimization.max_gradient_norm)
      ->check(between(1e-6, 1e12))
      ->capture_default_str();
  add_seed(command, options->seed, "Of the order, the drafts and new weights")->capture_default_str();
  command.add_option("--train", options->prefixes, "Train the tensors below these names, instead of the stage's")
      ->type_name("PREFIX");
  command.add_option("--save-every", options->trainer.save_every, "Steps")
      ->check(between<Index>(1, 100'000'000))
      ->capture_default_str();
  command.add_option("--dtype", options->dtype, "Of the weights that are written")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  command.add_option("--threads", options->threads)->check(between(1, ThreadPool::kMaxThreads))->capture_default_str();
  command.add_option("--max-tokens", options->max_tokens, "Longer captions are bad")
      ->check(between<Index>(1, 100'000))
      ->capture_default_str();
  command.add_flag("--skip-bad", options->skip_bad, "Leave out bad images and captions instead of refusing them");
  command
      .add_option("--cache", options->cache, "Where the features of the frozen tower are kept; by default the output")
      ->type_name("DIR");
  command
      .add_option("--drafts", options->drafts,
                  "refine: edits drawn uniformly (the paper) or along the model's own confusions; the model's own "
                  "captions, with any caption or the nearest one as the aim; this and confusions mixed; other images' "
                  "captions; the data's \"pseudo\"")
      ->check(CLI::IsMember(training::draft_kinds()))
      ->capture_default_str();
  command.add_option("--drafts-per-caption", options->drafts_per_caption)
      ->check(between<Index>(1, 1000))
      ->capture_default_str();
  command.add_option("--lexicon", options->lexicon, "refine: of the edits; by default the data's lexicon.json")
      ->type_name("FILE");
  command
      .add_option("--initial-share", options->initial_share,
                  "refine: share of samples that practise the first glance; above 0 the language model trains too")
      ->check(between(0.0, 0.99))
      ->capture_default_str();
  command
      .add_option("--draft-dropout", options->draft_dropout,
                  "refine: share of the drafts that are left out, so that the features must tell all of the caption")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--draft-warmup", options->draft_warmup,
                  "refine: share of the steps over which drafts come in, from none to all but those left out")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--rates-data", options->rates_data,
                  "refine: held-out data to measure correction and damage on whenever the model is saved")
      ->type_name("DIR");
  command.add_option("--rates-count", options->rates_count, "Images of it, at most")
      ->check(between<std::size_t>(1, 1'000'000))
      ->capture_default_str();
  command.callback([options, &run] { run = [options] { return run_train(*options); }; });
}

}  // namespace tool
