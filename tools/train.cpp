/// @file
/// `sharpeye train`: the paper's stages, and the pre-training of a vision tower for those who have none.

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/training/caption_stage.hpp"
#include "sharpeye/training/drafts.hpp"
#include "sharpeye/training/rates.hpp"
#include "sharpeye/training/vision_stage.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

int run_train(training::StageOptions options) {
  require_other_folder(options.model, options.trainer.output);
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

void add_train(Command& command) {
  const auto options = std::make_shared<training::StageOptions>();
  options->threads = ThreadPool::default_size();
  command.description = "Train a stage: vision, connector (0), caption (1), refine (2)";
  std::vector<std::string> names;
  for (const auto& stage : training::stages()) names.push_back(stage.first);
  training::OptimizationConfig& optimization = options->trainer.optimization;
  command.text("stage", options->stage, "The stage").one_of(names).required();
  command.text("--data", options->data, "A folder with captions.json or captions.jsonl and images, or such a file")
      .type("DIR")
      .required();
  command.text("--model", options->model, "The model to begin with").type("DIR").required();
  command.text("-o,--output", options->trainer.output, "The trained model; an interrupted run goes on here")
      .type("DIR")
      .required();
  command.number("--steps", optimization.steps, 1, 100'000'000);
  command.number("--batch-size", optimization.batch_size, 1, 65536);
  command.number("--learning-rate", optimization.learning_rate, 0, 1, "The highest, after warm-up");
  command.number("--warmup-ratio", optimization.warmup_ratio, 0, 1);
  command.number("--weight-decay", optimization.adamw.weight_decay, 0, 1);
  command.flag("--muon", optimization.adamw.muon, "Move matrices inside of layers by Muon, all else by AdamW");
  command.number("--max-gradient-norm", optimization.max_gradient_norm, 1e-6, 1e12);
  command.seed(options->seed, "Of the order, the drafts and new weights");
  command.texts("--train", options->prefixes, "Train the tensors below these names, instead of the stage's")
      .type("PREFIX");
  command.number("--save-every", options->trainer.save_every, 1, 100'000'000, "Steps");
  command.text("--dtype", options->dtype, "Of the weights that are written").one_of({"f32", "f16", "bf16"});
  command.number("--threads", options->threads, 1, ThreadPool::kMaxThreads);
  command.number("--max-tokens", options->max_tokens, 1, 100'000, "Longer captions are bad");
  command.flag("--skip-bad", options->skip_bad, "Leave out bad images and captions instead of refusing them");
  command.text("--cache", options->cache, "Where the features of the frozen tower are kept; by default the output")
      .type("DIR");
  command
      .text("--drafts", options->drafts,
            "refine: edits drawn uniformly (the paper) or along the model's own confusions; the model's own captions, "
            "with any caption or the nearest one as the aim; this and confusions mixed; other images' captions; the "
            "data's \"pseudo\"")
      .one_of(training::draft_kinds());
  command.number("--drafts-per-caption", options->drafts_per_caption, 1, 1000);
  command.text("--lexicon", options->lexicon, "refine: of the edits; by default the data's lexicon.json").type("FILE");
  command.number("--initial-share", options->initial_share, 0, 0.99,
                 "refine: share of samples that practise the first glance; above 0 the language model trains too");
  command.number("--draft-dropout", options->draft_dropout, 0, 1,
                 "refine: share of the drafts that are left out, so that the features must tell all of the caption");
  command.number("--draft-warmup", options->draft_warmup, 0, 1,
                 "refine: share of the steps over which drafts come in, from none to all but those left out");
  command
      .text("--rates-data", options->rates_data,
            "refine: held-out data to measure correction and damage on whenever the model is saved")
      .type("DIR");
  command.number("--rates-count", options->rates_count, 1, 1'000'000, "Images of it, at most");
  command.run = [options] { return run_train(*options); };
}

}  // namespace tool
