#include "tools/train_command.hpp"

namespace tool {

std::map<std::string, std::string> TrainCommand::identity() const {
  std::string trained;
  for (const std::string& prefix : prefixes) trained += prefix + " ";
  std::map<std::string, std::string> identity{{"stage", stage},
                                              {"data", data},
                                              {"model", model},
                                              {"seed", std::to_string(seed)},
                                              {"train", trained},
                                              {"drafts", drafts},
                                              {"drafts_per_caption", std::to_string(drafts_per_caption)},
                                              {"initial_share", concat(initial_share)}};
  // Runs from before there were these options go on.
  if (draft_dropout > 0) identity["draft_dropout"] = concat(draft_dropout);
  if (draft_warmup > 0) identity["draft_warmup"] = concat(draft_warmup);
  return identity;
}

double TrainCommand::dropout_at(Index step) const {
  const double come_in = draft_warmup * static_cast<double>(run.optimization.steps), now = static_cast<double>(step);
  return now < come_in ? 1 - (1 - draft_dropout) * now / come_in : draft_dropout;
}

std::uint64_t TrainCommand::run_seed() const {
  std::uint64_t state = seed;
  for (const char c : stage) state = state * 131 + static_cast<unsigned char>(c);
  return Random(seed, state).next();
}

Dataset load_training_data(const TrainCommand& command, const CaptionModel& model) {
  DatasetOptions options;
  options.on_bad = command.skip_bad ? OnBad::kSkip : OnBad::kRefuse;
  options.max_tokens = command.max_tokens;
  options.count_tokens = [&](const std::string& caption) {
    return static_cast<Index>(model.tokenizer().encode(caption, {false, false}).size());
  };
  Dataset data = load_dataset(command.data, options);
  if (data.report.total() > 0) report("left out: " + data.report.text());
  return data;
}

std::shared_ptr<MemorySource> initial_weights(const std::string& folder, const MmSerConfig& config,
                                              const std::vector<TensorDeclaration>& declared, std::uint64_t seed) {
  const SafetensorsFolder stored(folder);
  require_plain(stored);
  auto source = std::make_shared<MemorySource>();
  for (const std::string& name : stored.names()) {
    // A copy of the token table would no longer be one after the first step.
    const bool is_head = name.find("language_model.lm_head.") != std::string::npos;
    if (!is_head || !config.text_config.tie_word_embeddings) source->add(stored.read(name));
  }
  for (const TensorDeclaration& tensor : declared) {
    if (source->find(tensor.name) == nullptr) source->add(tensor.name, tensor.shape, initial_values(tensor, seed));
  }
  return source;
}

MemorySource current_weights(const MemorySource& source, const Parameters& parameters) {
  MemorySource current;
  for (const std::string& name : source.names()) current.add(source.read(name));
  for (const auto& parameter : parameters.all()) current.add(parameter->name, parameter->shape, parameter->values);
  return current;
}

std::size_t ShuffledOrder::at(std::uint64_t position) {
  const std::uint64_t epoch = position / order_.size();
  if (epoch != epoch_) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    Random(seed_, epoch).shuffle(order_);
    epoch_ = epoch;
  }
  return order_[position % order_.size()];
}

}  // namespace tool
