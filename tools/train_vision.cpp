#include "tools/train_vision.hpp"

#include <map>

#include "sharpeye/training/contrastive.hpp"
#include "tools/images.hpp"
#include "tools/model_folder.hpp"

namespace tool {
namespace {

using Ops = Autodiff<float>;

constexpr Index kProjectionSize = 64;
constexpr float kHighestLogitScale = 4.6052f;  // CLIP's: ln 100

// A text tower as wide as the model's own, of half its layers.
OptConfig text_tower(const MmSerConfig& config) {
  OptConfig text = config.text_config;
  text.num_hidden_layers = std::max<Index>(1, text.num_hidden_layers / 2);
  text.max_position_embeddings = 160;
  return text;
}

}  // namespace

int train_vision(const TrainCommand& command) {
  const auto model = CaptionModel::load(command.model);
  const Dataset data = load_training_data(command, *model);
  ThreadPool pool(command.threads);
  const ClipVisionConfig& vision = model->config().vision_config;
  const OptConfig text = text_tower(model->config());

  DeclaringLoader declaring;
  const training::ContrastiveModel<Counting> declaration(vision, text, kProjectionSize, declaring);
  const auto source = initial_weights(command.model, model->config(), declaring.declared(), command.run_seed());
  source->add("logit_scale", {1}, {2.6593f});  // CLIP's: ln(1 / 0.07)
  Parameters parameters(source);
  const training::ContrastiveModel<Ops> network(vision, text, kProjectionSize, parameters.loader());
  parameters.train(command.prefixes.empty() ? std::vector<std::string>{""} : command.prefixes);

  // Pixels and captions of all images: the tower is trained, so there are no features to keep.
  const ImageProcessor processor(model->preprocessor().processor);
  std::vector<Image> images(data.images.size());
  std::map<std::string, Index> number_of;
  std::vector<std::vector<std::pair<Index, std::vector<std::int32_t>>>> captions(data.images.size());
  for (std::size_t i = 0; i < data.images.size(); ++i) {
    images[i] = load_image(data.images[i].path);
    for (const std::string& caption : data.images[i].captions) {
      auto ids = model->tokenizer().encode(" " + caption);
      ids.push_back(static_cast<std::int32_t>(text.eos_token_id));
      const Index number = number_of.emplace(caption, static_cast<Index>(number_of.size())).first->second;
      captions[i].emplace_back(number, std::move(ids));
    }
  }

  training::GradientShards<float> shards(parameters.num_trained());
  const Index batch = command.run.optimization.batch_size;
  require(batch >= 2, ErrorCode::kInvalidArgument, "--batch-size: expected 2 or more, actual ", batch);
  std::vector<std::unique_ptr<Ops>> tapes;
  for (Index i = 0; i < batch; ++i) tapes.push_back(std::make_unique<Ops>(&shards.of_sample(i)));
  ShuffledOrder order(images.size(), command.run_seed());
  auto& scale = parameters.find("logit_scale").values[0];

  const auto batch_loss = [&](Index step) {
    std::vector<std::size_t> chosen;
    std::vector<Index> caption_of;
    std::vector<const std::vector<std::int32_t>*> ids;
    // All captions of a batch stand at the same place in their lists. Where a place means a kind of caption, as in the
    // scenes' coarse.json, they must then be told apart by what that kind speaks of.
    const std::uint64_t place = Random(command.run_seed(), static_cast<std::uint64_t>(step)).below(1 << 30);
    for (Index i = 0; i < batch; ++i) {
      chosen.push_back(order.at(static_cast<std::uint64_t>(step * batch + i)));
      const auto& choice = captions[chosen.back()];
      const auto& [number, tokens] = choice[place % choice.size()];
      caption_of.push_back(number);
      ids.push_back(&tokens);
    }
    std::vector<Ops::Tensor> image_tensors(static_cast<std::size_t>(batch)), text_tensors(image_tensors);
    Matrix<float> image_rows(batch, kProjectionSize), text_rows(batch, kProjectionSize);
    shards.for_each_sample(pool, batch, [&](Index i) {
      const auto at = static_cast<std::size_t>(i);
      Ops& ops = *tapes[at];
      image_tensors[at] = network.image(ops, processor(images[chosen[at]]));
      text_tensors[at] = network.text(ops, *ids[at]);
      ops.copy_out(image_tensors[at], image_rows.row(i).data(), kProjectionSize);
      ops.copy_out(text_tensors[at], text_rows.row(i).data(), kProjectionSize);
    });
    scale = std::min(scale, kHighestLogitScale);
    const auto loss = training::contrastive_loss(image_rows, text_rows, scale, caption_of);
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
  const SafetensorsFolder before(command.model);
  const auto save = [&](Index) {
    const MemorySource weights = current_weights(*source, parameters);
    MemorySource captioner;
    for (const std::string& name : weights.names()) {
      if (before.find(name) != nullptr || name.rfind("vision_tower.", 0) == 0) captioner.add(weights.read(name));
    }
    write_model_folder(command.model, command.run.output, captioner, command.model_dtype(), "");
  };
  return run_training(command.run, command.identity(), parameters, shards, pool, batch_loss, save) ? kOk : kInterrupted;
}

}  // namespace tool
