#pragma once

/// @file
/// Bodies of attentive_probe_stage.hpp.

#include "sharpeye/training/attentive_probe_stage.hpp"

#include <algorithm>
#include <memory>

#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/training/attentive_probe.hpp"
#include "sharpeye/training/feature_cache.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/shuffled_order.hpp"
#include "sharpeye/training/stage.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

inline FeatureCache probed_features(const AttentiveProbeOptions& options, const CaptionModel& model,
                                    const std::vector<ProbedImage>& images, ThreadPool& pool, const char* what,
                                    const TrainingEvents& events) {
  std::vector<CaptionedImage> files;
  for (const ProbedImage& image : images) files.push_back({image.path, "", {}, {}});
  return FeatureCache(model, options.model, files, options.cache.empty() ? options.trainer.output : options.cache,
                      options.load_image, pool, [&](Index done, Index total) {
                        require_not_cancelled(events, "probe: cancelled");
                        if (events.on_progress) events.on_progress(what, done, total);
                      });
}

/// The probe's view of one image: the patches' features, and what is asked.
inline std::vector<Autodiff<float>::Tensor> answer_logits(Autodiff<float>& ops,
                                                          const AttentiveProbe<Autodiff<float>>& probe,
                                                          const std::vector<Matrix<float>>& states, Index num_patches,
                                                          const std::vector<ProbedThing>& things) {
  std::vector<Autodiff<float>::Tensor> features;
  for (const Matrix<float>& state : states) features.push_back(ops.constant(state.bottomRows(num_patches)));
  std::vector<std::int32_t> subjects;
  for (const ProbedThing& thing : things) subjects.push_back(thing.subject);
  return probe(ops, features, subjects);
}

inline void check_probed(const AttentiveProbeOptions& options, const std::vector<Index>& used_layers) {
  require(!options.images.empty() && !options.test_images.empty(), ErrorCode::kInvalidArgument,
          "probe: expected images to learn from and to test with, actual ", options.images.size(), " and ",
          options.test_images.size());
  require(options.num_attention_heads > 0 && options.hidden_size % options.num_attention_heads == 0,
          ErrorCode::kInvalidArgument, "hidden_size: expected a multiple of ", options.num_attention_heads,
          " (heads), actual ", options.hidden_size);
  require(!options.layers.empty(), ErrorCode::kInvalidArgument, "layers: expected one or more");
  std::string known;
  for (const Index layer : used_layers) known += concat(known.empty() ? "" : ", ", layer);
  for (const Index layer : options.layers) {
    require(std::count(used_layers.begin(), used_layers.end(), layer) > 0, ErrorCode::kInvalidArgument,
            "layers: expected some of those that the model reads (", known, "), actual ", layer);
  }
  for (const Index count : options.num_answers) {
    require(count > 0, ErrorCode::kInvalidArgument, "num_answers: expected one or more of each kind, actual ", count);
  }
  for (const auto* images : {&options.images, &options.test_images}) {
    for (const ProbedImage& image : *images) {
      require(!image.things.empty(), ErrorCode::kInvalidArgument, image.path, ": expected things, actual none");
      for (const ProbedThing& thing : image.things) {
        require(thing.subject >= 0 && thing.subject < options.num_subjects, ErrorCode::kInvalidArgument, image.path,
                ": subject: expected 0 to ", options.num_subjects - 1, ", actual ", thing.subject);
        require(thing.answers.size() == options.num_answers.size(), ErrorCode::kInvalidArgument, image.path,
                ": answers: expected ", options.num_answers.size(), ", actual ", thing.answers.size());
        for (std::size_t kind = 0; kind < thing.answers.size(); ++kind) {
          require(thing.answers[kind] < options.num_answers[kind], ErrorCode::kInvalidArgument, image.path,
                  ": answer: expected less than ", options.num_answers[kind], ", actual ", thing.answers[kind]);
        }
      }
    }
  }
}

}  // namespace detail

SHARPEYE_BODY ProbeAnswers probe_attentively(const AttentiveProbeOptions& options, const TrainingEvents& events) {
  const auto model = CaptionModel::load(options.model);
  const VisionConfig& vision = model->config().vision_config;
  detail::check_probed(options, model->config().used_vision_layers());
  std::string layers, answers;
  for (const Index layer : options.layers) layers += concat(layers.empty() ? "" : ",", layer);
  for (const Index count : options.num_answers) answers += concat(answers.empty() ? "" : ",", count);
  Trainer trainer(options.trainer, {{"stage", "probe"},
                                    {"layers", layers},
                                    {"hidden_size", concat(options.hidden_size)},
                                    {"num_hidden_layers", concat(options.num_hidden_layers)},
                                    {"images", concat(options.images.size())},
                                    {"subjects", concat(options.num_subjects)},
                                    {"answers", answers},
                                    {"seed", concat(options.seed)}});
  ThreadPool pool(options.threads);
  const FeatureCache seen = detail::probed_features(options, *model, options.images, pool, "features", events);

  const FeatureDecoderConfig config{static_cast<Index>(options.layers.size()),
                                    vision.hidden_size(),
                                    vision.num_patches(),
                                    options.hidden_size,
                                    options.num_hidden_layers,
                                    options.num_attention_heads};
  DeclaringLoader declaring;
  const AttentiveProbe<Counting> declaration(config, options.num_subjects, options.num_answers, declaring);
  Parameters<float> parameters(initial_source(declaring.declared(), options.seed));
  const AttentiveProbe<Autodiff<float>> probe(config, options.num_subjects, options.num_answers, parameters.loader());
  parameters.train({""});
  GradientShards<float> shards(parameters.num_trained());

  const Index batch = options.trainer.optimization.batch_size;
  ShuffledOrder order(options.images.size(), options.seed);
  const auto batch_loss = [&](Index step) {
    std::vector<std::size_t> chosen;
    for (Index i = 0; i < batch; ++i) chosen.push_back(order.at(static_cast<std::uint64_t>(step * batch + i)));
    return shards.run(pool, batch, [&](Index i, Autodiff<float>& ops) {
      const std::size_t image = chosen[static_cast<std::size_t>(i)];
      const std::vector<ProbedThing>& things = options.images[image].things;
      const auto logits = detail::answer_logits(ops, probe, seen.states(static_cast<Index>(image), options.layers),
                                                vision.num_patches(), things);
      const float scale = 1 / static_cast<float>(batch * static_cast<Index>(things.size()));
      double loss = 0;
      for (std::size_t kind = 0; kind < logits.size(); ++kind) {
        std::vector<std::int32_t> targets;
        for (const ProbedThing& thing : things) targets.push_back(thing.answers[kind]);
        loss += scale * ops.cross_entropy(logits[kind], targets, scale);
      }
      return loss;
    });
  };
  const auto save = [&](Index) {
    MemorySource weights;
    for (const auto& parameter : parameters.all()) weights.add(parameter->name, parameter->shape, parameter->values);
    write_safetensors(options.trainer.output + "/probe.safetensors", weights, {{"layers", layers}});
  };
  ProbeAnswers result;
  if (!trainer.run(parameters, shards, pool, batch_loss, save, events)) return result;

  const FeatureCache tested =
      detail::probed_features(options, *model, options.test_images, pool, "test features", events);
  Autodiff<float> ops(nullptr);
  for (std::size_t image = 0; image < options.test_images.size(); ++image) {
    const std::vector<ProbedThing>& things = options.test_images[image].things;
    const auto logits = detail::answer_logits(ops, probe, tested.states(static_cast<Index>(image), options.layers),
                                              vision.num_patches(), things);
    auto& of_image = result.answers.emplace_back(things.size());
    for (const auto& kind : logits) {
      for (std::size_t i = 0; i < things.size(); ++i) {
        const float* row = kind.data() + static_cast<Index>(i) * kind.columns();
        of_image[i].push_back(static_cast<std::int32_t>(std::max_element(row, row + kind.columns()) - row));
      }
    }
    ops.clear();
  }
  result.is_complete = true;
  return result;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
