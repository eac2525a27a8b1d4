/// @file
/// `sharpeye train`: the paper's stages, and the pre-training of a vision tower for those who have none.

#include <filesystem>
#include <optional>
#include <sstream>

#include "sharpeye/training/caption_objective.hpp"
#include "sharpeye/training/feature_cache.hpp"
#include "tools/commands.hpp"
#include "tools/drafts.hpp"
#include "tools/images.hpp"
#include "tools/measure_rates.hpp"
#include "tools/model_folder.hpp"
#include "tools/options.hpp"
#include "tools/train_vision.hpp"
#include "tools/training_run.hpp"

namespace tool {
namespace {

using Ops = Autodiff<float>;

const std::map<std::string, Stage> kStages{{"vision", Stage::kVision}, {"connector", Stage::kConnector},
                                           {"0", Stage::kConnector},   {"caption", Stage::kCaption},
                                           {"1", Stage::kCaption},     {"refine", Stage::kRefine},
                                           {"2", Stage::kRefine}};

// What a stage trains unless --train says otherwise.
std::vector<std::string> default_prefixes(Stage stage, const MmSerConfig& config, double initial_share) {
  switch (stage) {
    case Stage::kVision: return {""};
    case Stage::kConnector: return {"multi_modal_projector"};
    case Stage::kCaption: return {"multi_modal_projector", "language_model"};
    case Stage::kRefine: break;
  }
  if (config.own_refine_language_model) return {"ser_connector", "refine_language_model"};
  if (initial_share > 0) return {"ser_connector", "multi_modal_projector", "language_model"};
  return {"ser_connector"};
}

struct Example {
  Index image;
  std::size_t caption;  // of the image's
  std::vector<std::int32_t> target;
};

// The hidden states of the training images: kept from before where the tower is frozen, as the paper has it; looked at
// anew, on the tape, where `--train vision_tower` lets it learn along.
class Eyes {
 public:
  Eyes(const TrainCommand& command, const CaptionModel& model, const MmSer<Ops>& network, const Parameters& parameters,
       const Dataset& data, ThreadPool& pool)
      : vision_(network.vision()), processor_(model.preprocessor().processor) {
    const auto load = [](const std::string& path) { return load_image(path); };
    const auto& all = parameters.all();
    if (std::any_of(all.begin(), all.end(), [](const auto& parameter) {
          return parameter->is_trained() && parameter->name.rfind("vision_tower.", 0) == 0;
        })) {
      for (const auto& image : data.images) images_.push_back(load(image.path));
      return;
    }
    ProgressLine progress("vision features");
    features_.emplace(model, command.model, data.images, command.cache.empty() ? command.run.output : command.cache,
                      load, pool, [&](Index done, Index total) {
                        require(!is_interrupted(), ErrorCode::kCancelled, "train: cancelled");
                        progress.show(done, total);
                      });
    progress.finish();
  }

  std::vector<Ops::Tensor> operator()(Ops& ops, Index image, const std::vector<Index>& layers) const {
    if (features_) {
      return training::CaptionObjective<float>::constants(ops, features_->states(image, layers));
    }
    return vision_(ops, processor_(images_[static_cast<std::size_t>(image)]), layers);
  }

 private:
  const ClipVision<Ops>& vision_;
  ImageProcessor processor_;
  std::optional<training::FeatureCache> features_;
  std::vector<Image> images_;
};

// Measures the model that was just written: a line on stderr, and one in rates.jsonl in the place of those of this step
// and later ones, which an interruption undid.
void record_rates(const std::string& folder, const RatesData& held_out, Index step, ThreadPool& pool) {
  const MeasuredRates rates = measure_rates(CaptionModel::load(folder), held_out, {}, pool);
  report(concat("step ", step, ": ", rates.summary()));
  const std::string path = folder + "/rates.jsonl";
  std::string lines;
  if (std::filesystem::exists(path)) {
    const std::string kept = read_file(path, std::uint64_t{1} << 26);
    JsonLines entries(kept, path);
    for (Json entry; entries.next(entry);) {
      if (entry.contains("step") && entry.at("step").get<Index>() < step) lines += entry.dump() + "\n";
    }
  }
  Json entry = rates.to_json();
  entry["step"] = step;
  AtomicFile file(path);
  file.write(lines + entry.dump() + "\n");
  file.commit();
}

int train_captions(const TrainCommand& command, Stage stage) {
  const auto model = CaptionModel::load(command.model);
  const MmSerConfig& config = model->config();
  require(stage != Stage::kRefine || config.ser_connector, ErrorCode::kConfig, command.model,
          "/config.json: ser_connector: expected for the stage refine, actual none");
  require(stage == Stage::kRefine || command.rates_data.empty(), ErrorCode::kInvalidArgument,
          "--rates-data: expected the stage refine");
  const Dataset data = load_training_data(command, *model);
  ThreadPool pool(command.threads);

  const auto source = initial_weights(command.model, config, declare_tensors(config), command.run_seed());
  Parameters parameters(source);
  const MmSer<Ops> network(config, parameters.loader());
  const double initial_share = stage == Stage::kRefine ? command.initial_share : 1;
  parameters.train(command.prefixes.empty() ? default_prefixes(stage, config, initial_share) : command.prefixes);

  const Eyes eyes(command, *model, network, parameters, data, pool);
  const training::CaptionObjective<float> objective(*model, network);
  std::vector<Example> examples;
  for (std::size_t image = 0; image < data.images.size(); ++image) {
    for (std::size_t caption = 0; caption < data.images[image].captions.size(); ++caption) {
      examples.push_back(
          {static_cast<Index>(image), caption, objective.target_ids(data.images[image].captions[caption])});
    }
  }
  DraftMaker drafts;
  if (stage == Stage::kRefine) drafts = make_drafts(command, model, data, pool);

  training::GradientShards<float> shards(parameters.num_trained());
  ShuffledOrder order(examples.size(), command.run_seed());
  const Index batch = command.run.optimization.batch_size;
  const auto batch_loss = [&](Index step) {
    // What each sample is to write, and for the second glance the draft that it is given.
    struct Sample {
      Index image;
      const std::vector<std::int32_t>* target;
      std::optional<std::string> draft;
    };
    std::vector<Sample> samples;
    double tokens = 0;
    const double dropout = command.dropout_at(step);
    for (Index i = 0; i < batch; ++i) {
      const std::uint64_t position = static_cast<std::uint64_t>(step * batch + i);
      const std::size_t place = order.at(position);
      const Example& example = examples[place];
      Sample sample{example.image, &example.target, std::nullopt};
      Random random(command.run_seed() ^ 0x5e1ec7ed, position);
      if (initial_share < 1 && random.uniform() >= initial_share) {
        Draft draft = drafts(static_cast<std::size_t>(example.image), example.caption, place,
                             random.below(static_cast<std::uint64_t>(command.drafts_per_caption)));
        if (random.uniform() < dropout) draft = {"", example.caption};
        sample.target =
            &examples[place - example.caption + draft.caption].target;  // an image's captions stand together
        sample.draft = std::move(draft.text);
      }
      tokens += static_cast<double>(sample.target->size());
      samples.push_back(std::move(sample));
    }
    const auto scale = static_cast<float>(1 / tokens);
    return shards.run(pool, batch, [&](Index i, Ops& ops) {
      const auto& [image, target, draft] = samples[static_cast<std::size_t>(i)];
      if (!draft) {
        return objective.initial_loss(ops, eyes(ops, image, config.connector.vision_feature_layers), *target, scale);
      }
      return objective.refine_loss(ops, eyes(ops, image, config.ser_connector->vision_feature_layers), *draft, *target,
                                   scale);
    }) / tokens;
  };
  std::optional<RatesData> held_out;
  if (!command.rates_data.empty()) held_out = RatesData::load(command.rates_data, command.lexicon, command.rates_count);
  const auto save = [&](Index step) {
    write_model_folder(command.model, command.run.output, current_weights(*source, parameters), command.model_dtype(),
                       "");
    if (held_out) record_rates(command.run.output, *held_out, step, pool);
  };
  const bool done = run_training(command.run, command.identity(), parameters, shards, pool, batch_loss, save);
  return done ? kOk : kInterrupted;
}

int run_train(const TrainCommand& command) {
  const Stage stage = kStages.at(command.stage);
  require(
      !std::filesystem::exists(command.run.output) || !std::filesystem::equivalent(command.model, command.run.output),
      ErrorCode::kInvalidArgument, "--output: expected another directory than --model");
  catch_interrupts();
  return stage == Stage::kVision ? train_vision(command) : train_captions(command, stage);
}

}  // namespace

void add_train(CLI::App& app, Action& run) {
  const auto options = std::make_shared<TrainCommand>();
  CLI::App& command = *app.add_subcommand("train", "Train a stage: vision, connector (0), caption (1), refine (2)");
  std::vector<std::string> names;
  for (const auto& stage : kStages) names.push_back(stage.first);
  training::OptimizationConfig& optimization = options->run.optimization;
  command.add_option("stage", options->stage, "The stage")->required()->check(CLI::IsMember(names));
  command
      .add_option("--data", options->data, "A folder with captions.json or captions.jsonl and images, or such a file")
      ->required()
      ->type_name("DIR");
  command.add_option("--model", options->model, "The model to begin with")->required()->type_name("DIR");
  command.add_option("-o,--output", options->run.output, "The trained model; an interrupted run goes on here")
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
  command.add_option("--save-every", options->run.save_every, "Steps")
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
      ->check(CLI::IsMember({"uniform", "confusion", "own", "nearest", "mixed", "far", "given"}))
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
