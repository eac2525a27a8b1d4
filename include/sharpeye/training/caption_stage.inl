#pragma once

/// @file
/// Bodies of caption_stage.hpp.

#include "sharpeye/training/caption_stage.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/training/caption_objective.hpp"
#include "sharpeye/training/drafts.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/image_states.hpp"
#include "sharpeye/training/rates.hpp"
#include "sharpeye/training/run_weights.hpp"
#include "sharpeye/training/shuffled_order.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

// What a stage trains unless it is told otherwise.
inline std::vector<std::string> stage_prefixes(Stage stage, const MmSerConfig& config, double initial_share) {
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

// All captions of the data, one after the other, and what each step of a run makes of them.
class CaptionBatches {
 public:
  // What a sample is to write, and for the second glance the draft that it is given.
  struct Sample {
    Index image;
    const std::vector<std::int32_t>* target;
    std::optional<std::string> draft;
  };

  // @param drafts null where all samples are of the first glance
  CaptionBatches(const StageOptions& options, const Dataset& data, const CaptionObjective<float>& objective,
                 const Drafts* drafts)
      : options_(options), drafts_(drafts), order_(0, 0) {
    for (std::size_t image = 0; image < data.images.size(); ++image) {
      for (std::size_t caption = 0; caption < data.images[image].captions.size(); ++caption) {
        examples_.push_back(
            {static_cast<Index>(image), caption, objective.target_ids(data.images[image].captions[caption])});
      }
    }
    order_ = ShuffledOrder(examples_.size(), options.run_seed());
  }

  std::vector<Sample> at(Index step) {
    const Index batch = options_.trainer.optimization.batch_size;
    const double initial_share = drafts_ == nullptr ? 1 : options_.initial_share;
    const double dropout = options_.dropout_at(step);
    std::vector<Sample> samples;
    for (Index i = 0; i < batch; ++i) {
      const auto position = static_cast<std::uint64_t>(step * batch + i);
      const std::size_t place = order_.at(position);
      const Example& example = examples_[place];
      Sample sample{example.image, &example.target, std::nullopt};
      Random random(options_.run_seed() ^ 0x5e1ec7ed, position);
      if (initial_share < 1 && random.uniform() >= initial_share) {
        const std::uint64_t k = random.below(static_cast<std::uint64_t>(options_.drafts_per_caption));
        Draft draft = (*drafts_)(static_cast<std::size_t>(example.image), example.caption, place, k);
        if (random.uniform() < dropout) draft = {"", example.caption};
        sample.target =
            &examples_[place - example.caption + draft.caption].target;  // captions of an image are together
        sample.draft = std::move(draft.text);
      }
      samples.push_back(std::move(sample));
    }
    return samples;
  }

 private:
  struct Example {
    Index image;
    std::size_t caption;  // of the image's
    std::vector<std::int32_t> target;
  };

  const StageOptions& options_;
  const Drafts* drafts_;
  std::vector<Example> examples_;
  ShuffledOrder order_;
};

}  // namespace detail

SHARPEYE_BODY bool train_captions(const StageOptions& options, const TrainingEvents& events) {
  const Stage stage = options.kind();
  const auto model = CaptionModel::load(options.model);
  const MmSerConfig& config = model->config();
  require(stage != Stage::kVision, ErrorCode::kInvalidArgument,
          "stage: expected connector, caption or refine, actual vision");
  require(stage != Stage::kRefine || config.ser_connector, ErrorCode::kConfig, options.model,
          "/config.json: ser_connector: expected for the stage refine, actual none");
  require(stage == Stage::kRefine || options.rates_data.empty(), ErrorCode::kInvalidArgument,
          "rates_data: expected for the stage refine only, actual the stage ", options.stage);
  const DType dtype = codec_named(options.dtype).dtype();

  // What is read late is opened now: a run of hours must not end for want of a file.
  const ModelFolder folder(options.model);
  std::optional<RatesData> held_out;
  std::optional<RatesLog> rates_log;
  if (!options.rates_data.empty()) {
    held_out = RatesData::load(options.rates_data, options.lexicon, options.rates_count);
    rates_log.emplace(options.trainer.output);
  }
  const Dataset data = load_stage_data(options, *model, events);
  std::optional<Drafts> drafts;
  if (stage == Stage::kRefine) drafts.emplace(options, data);
  Trainer trainer(options.trainer, options.identity());

  const auto source = initial_weights(options.model, config.text_config.tie_word_embeddings(), declare_tensors(config),
                                      options.run_seed());
  Parameters<float> parameters(source);
  const MmSer<Autodiff<float>> network(config, parameters.loader());
  const double initial_share = stage == Stage::kRefine ? options.initial_share : 1;
  parameters.train(options.prefixes.empty() ? detail::stage_prefixes(stage, config, initial_share) : options.prefixes);

  ThreadPool pool(options.threads);
  const ImageStates states(options, *model, network, parameters, data, pool, events);
  if (drafts) drafts->prepare(model, pool.size(), events);
  const CaptionObjective<float> objective(*model, network);
  detail::CaptionBatches batches(options, data, objective, drafts ? &*drafts : nullptr);

  GradientShards<float> shards(parameters.num_trained());
  const auto batch_loss = [&](Index step) {
    const auto samples = batches.at(step);
    double tokens = 0;
    for (const auto& sample : samples) tokens += static_cast<double>(sample.target->size());
    const auto scale = static_cast<float>(1 / tokens);
    return shards.run(pool, static_cast<Index>(samples.size()), [&](Index i, Autodiff<float>& ops) {
      const auto& [image, target, draft] = samples[static_cast<std::size_t>(i)];
      if (!draft) {
        return objective.initial_loss(ops, states(ops, image, config.connector.vision_feature_layers), *target, scale);
      }
      std::vector<Autodiff<float>::Tensor> first;
      if (network.reads_confidence()) first = states(ops, image, config.connector.vision_feature_layers);
      return objective.refine_loss(ops, states(ops, image, config.ser_connector->vision_feature_layers), *draft,
                                   *target, scale, first);
    }) / tokens;
  };
  const auto save = [&](Index step) {
    folder.write(options.trainer.output, current_weights(*source, parameters), dtype);
    if (!held_out) return;
    RatesOptions rates_options;
    rates_options.threads = pool.size();
    rates_options.load_image = options.load_image;
    const MeasuredRates rates =
        measure_rates(CaptionModel::load(options.trainer.output), *held_out, rates_options, events);
    rates_log->add(step, rates);
    if (events.on_rates) events.on_rates(step, rates);
  };
  return trainer.run(parameters, shards, pool, batch_loss, save, events);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
