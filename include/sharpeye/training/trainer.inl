#pragma once

/// @file
/// Bodies of trainer.hpp.

#include "sharpeye/training/trainer.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/loss_plot.hpp"
#include "sharpeye/training/optimization.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace detail

SHARPEYE_BODY Trainer::Trainer(TrainerOptions options, std::map<std::string, std::string> identity)
    : options_(std::move(options)), identity_(std::move(identity)) {
  const OptimizationConfig& config = options_.optimization;
  identity_["steps"] = concat(config.steps);
  identity_["batch_size"] = concat(config.batch_size);
  identity_["learning_rate"] = concat(config.learning_rate);
  identity_["warmup_ratio"] = concat(config.warmup_ratio);
  identity_["weight_decay"] = concat(config.adamw.weight_decay);
  identity_["max_gradient_norm"] = concat(config.max_gradient_norm);
  if (config.adamw.muon) identity_["muon"] = "true";  // runs from before there was this option go on
  std::filesystem::create_directories(options_.output);
  std::error_code ignored;
  is_resumed_ = std::filesystem::exists(state_path(), ignored);
  if (is_resumed_) read_log(step_of_state(SafetensorsFile(state_path()), identity_));
}

// The log up to `step`, with its losses: lines after it belong to steps that an interruption undid.
SHARPEYE_BODY void Trainer::read_log(Index step) {
  constexpr std::uint64_t kLogLimit = std::uint64_t{1} << 30;
  std::error_code ignored;
  if (step == 0 || !std::filesystem::exists(log_path(), ignored)) return;
  const std::string text = read_file(log_path(), kLogLimit);
  JsonLines lines(text, log_path());
  for (Json entry; static_cast<Index>(losses_.size()) < step && lines.next(entry) && entry.contains("loss");) {
    losses_.push_back(entry["loss"].is_number() ? entry["loss"].get<double>() : 0);
    log_ += entry.dump() + "\n";
  }
}

SHARPEYE_BODY bool Trainer::run(Parameters<float>& parameters, GradientShards<float>& shards, ThreadPool& pool,
                                const BatchLoss& batch_loss, const SaveModel& save_model,
                                const TrainingEvents& events) {
  const OptimizationConfig& config = options_.optimization;
  Optimization<float> optimization(parameters, config, pool);
  if (is_resumed_) optimization.load(state_path(), identity_);
  const auto save = [&] {
    save_model(optimization.step());
    if (events.on_saved) events.on_saved(optimization.step());
  };
  if (optimization.is_done()) save();  // perhaps it was killed just before
  while (!optimization.is_done()) {
    const double begin = detail::seconds_now();
    const double loss = batch_loss(optimization.step());
    const StepReport report = optimization.apply(shards.sum(pool));
    const double seconds = detail::seconds_now() - begin;
    losses_.push_back(loss);
    log_ += Json{{"step", report.step},
                 {"loss", loss},
                 {"learning_rate", report.learning_rate},
                 {"gradient_norm", report.gradient_norm},
                 {"seconds", seconds}}
                .dump() +
            "\n";
    if (events.on_step) {
      events.on_step({report.step, config.steps, loss, report.learning_rate, report.gradient_norm, seconds});
    }
    const bool is_cancelled = events.is_cancelled && events.is_cancelled();
    if (is_cancelled || report.step % options_.save_every == 0 || optimization.is_done()) {
      write_file(log_path(), log_);  // first: lines that the state does not know are dropped when the run goes on
      optimization.save(state_path(), identity_);
      write_file(options_.output + "/loss.svg", loss_plot(losses_));
      save();
    }
    if (is_cancelled) break;
  }
  return optimization.is_done();
}

}  // namespace training
SHARPEYE_NAMESPACE_END
