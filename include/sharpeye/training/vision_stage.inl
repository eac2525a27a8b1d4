#pragma once

/// @file
/// Bodies of vision_stage.hpp.

#include "sharpeye/training/vision_stage.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/training/autodiff.hpp"
#include "sharpeye/training/contrastive.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/run_weights.hpp"
#include "sharpeye/training/shuffled_order.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

inline constexpr Index kProjectionSize = 64;
inline constexpr float kHighestLogitScale = 4.6052f;  // CLIP's: ln 100

// A text tower as wide as the model's own, of half its layers.
inline OptConfig text_tower(const MmSerConfig& config) {
  OptConfig text = config.text_config.as<OptConfig>();
  text.num_hidden_layers = std::max<Index>(1, text.num_hidden_layers / 2);
  text.max_position_embeddings = 160;
  return text;
}

}  // namespace detail

SHARPEYE_BODY bool train_vision(const StageOptions& options, const TrainingEvents& events) {
  const Index batch = options.trainer.optimization.batch_size;
  require(batch >= 2, ErrorCode::kInvalidArgument, "batch_size: expected 2 or more for the stage vision, actual ",
          batch);
  const DType dtype = codec_named(options.dtype).dtype();
  const auto model = CaptionModel::load(options.model);
  const ModelFolder folder(options.model);
  const auto before = open_model_weights(options.model);
  const Dataset data = load_stage_data(options, *model, events);
  Trainer trainer(options.trainer, options.identity());
  ThreadPool pool(options.threads);
  require(std::holds_alternative<ClipVisionConfig>(model->config().vision_config.any) &&
              std::holds_alternative<OptConfig>(model->config().text_config.any),
          ErrorCode::kUnsupported, options.model, "/config.json: expected \"clip_vision_model\" and \"opt\" to train ",
          "the tower with captions, actual other kinds");
  const auto& vision = model->config().vision_config.as<ClipVisionConfig>();
  const OptConfig text = detail::text_tower(model->config());

  DeclaringLoader declaring;
  const ContrastiveModel<Counting> declaration(vision, text, detail::kProjectionSize, declaring);
  const auto source = initial_weights(options.model, model->config().text_config.tie_word_embeddings(),
                                      declaring.declared(), options.run_seed());
  source->add("logit_scale", {1}, {2.6593f});  // CLIP's: ln(1 / 0.07)
  Parameters<float> parameters(source);
  const ContrastiveModel<Autodiff<float>> network(vision, text, detail::kProjectionSize, parameters.loader());
  parameters.train(options.prefixes.empty() ? std::vector<std::string>{""} : options.prefixes);

  // Pixels and captions of all images: the tower is trained, so there are no features to keep.
  const ImageProcessor processor(model->preprocessor().processor);
  std::vector<Image> images(data.images.size());
  std::map<std::string, Index> number_of;
  std::vector<std::vector<std::pair<Index, std::vector<std::int32_t>>>> captions(data.images.size());
  for (std::size_t i = 0; i < data.images.size(); ++i) {
    images[i] = options.load_image(data.images[i].path);
    for (const std::string& caption : data.images[i].captions) {
      auto ids = model->tokenizer().encode(" " + caption);
      ids.push_back(static_cast<std::int32_t>(text.eos_token_id));
      const Index number = number_of.emplace(caption, static_cast<Index>(number_of.size())).first->second;
      captions[i].emplace_back(number, std::move(ids));
    }
  }

  GradientShards<float> shards(parameters.num_trained());
  std::vector<std::unique_ptr<Autodiff<float>>> tapes;
  for (Index i = 0; i < batch; ++i) tapes.push_back(std::make_unique<Autodiff<float>>(&shards.of_sample(i)));
  ShuffledOrder order(images.size(), options.run_seed());
  auto& scale = parameters.find("logit_scale").values[0];

  const auto batch_loss = [&](Index step) {
    std::vector<std::size_t> chosen;
    std::vector<Index> caption_of;
    std::vector<const std::vector<std::int32_t>*> ids;
    // All captions of a batch stand at the same place in their lists. Where a place means a kind of caption, as in the
    // scenes' coarse.json, they must then be told apart by what that kind speaks of.
    const std::uint64_t place = Random(options.run_seed(), static_cast<std::uint64_t>(step)).below(1 << 30);
    for (Index i = 0; i < batch; ++i) {
      chosen.push_back(order.at(static_cast<std::uint64_t>(step * batch + i)));
      const auto& choice = captions[chosen.back()];
      const auto& [number, tokens] = choice[place % choice.size()];
      caption_of.push_back(number);
      ids.push_back(&tokens);
    }
    std::vector<Autodiff<float>::Tensor> image_tensors(static_cast<std::size_t>(batch)), text_tensors(image_tensors);
    Matrix<float> image_rows(batch, detail::kProjectionSize), text_rows(batch, detail::kProjectionSize);
    shards.for_each_sample(pool, batch, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      Autodiff<float>& ops = *tapes[at];
      image_tensors[at] = network.image(ops, processor(images[chosen[at]]));
      text_tensors[at] = network.text(ops, *ids[at]);
      ops.copy_out(image_tensors[at], image_rows.row(i).data(), detail::kProjectionSize);
      ops.copy_out(text_tensors[at], text_rows.row(i).data(), detail::kProjectionSize);
    });
    scale = std::min(scale, detail::kHighestLogitScale);
    const auto loss = contrastive_loss(image_rows, text_rows, scale, caption_of);
    shards.for_each_sample(pool, batch, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      tapes[at]->seed(image_tensors[at], loss.images.row(i).data());
      tapes[at]->seed(text_tensors[at], loss.texts.row(i).data());
      tapes[at]->backward();
    });
    const auto& parameter = parameters.find("logit_scale");
    if (parameter.is_trained()) shards.of_sample(0)[static_cast<std::size_t>(parameter.offset)] += loss.logit_scale;
    return static_cast<double>(loss.loss);
  };
  // The model gets the tower; text tower and projections stay in the state of the run.
  const auto save = [&](Index) {
    const MemorySource weights = current_weights(*source, parameters);
    MemorySource captioner;
    for (const std::string& name : weights.names()) {
      if (before->find(name) != nullptr || name.rfind("vision_tower.", 0) == 0) captioner.add(weights.read(name));
    }
    folder.write(options.trainer.output, captioner, dtype);
  };
  return trainer.run(parameters, shards, pool, batch_loss, save, events);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
