#pragma once

/// @file
/// The frame around every stage of training: resuming, steps, log, state, saving.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sharpeye/training/optimization_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

class ThreadPool;

namespace training {

template <class S>
class Parameters;
template <class S>
class GradientShards;
struct MeasuredRates;

/// One step that was made.
struct TrainingStep {
  Index step, of_steps;  ///< from 1
  double loss, learning_rate;
  double gradient_norm;  ///< before clipping
  double seconds;
};

/// Callbacks of a run, which may also end it. Each may be empty; all are called on the thread of the run.
struct TrainingEvents {
  /// What was found in the data, as text.
  std::function<void(const std::string& text)> on_note;
  /// A part of the run other than its steps, for example "vision features"; 0 are done when it begins.
  std::function<void(const std::string& what, Index done, Index total)> on_progress;
  std::function<void(const TrainingStep& step)> on_step;
  /// The model of this step is complete in the output folder.
  std::function<void(Index step)> on_saved;
  /// Correction and damage of the model of this step.
  std::function<void(Index step, const MeasuredRates& rates)> on_rates;
  /// Called often. A run ends after the step that it is in, and saves; what comes before the steps throws kCancelled.
  std::function<bool()> is_cancelled;
};

/// Where a run writes to, and how it optimises.
struct TrainerOptions {
  std::string output;  ///< a model directory, and the state of the run
  OptimizationConfig optimization;
  Index save_every = 200;  ///< steps
};

/// One run: all its steps, or those that are left. It writes into its output folder `training_state.safetensors`
/// (weights, moments, step: one atomic file), `log.jsonl` (a line for each step: step, loss, learning_rate,
/// gradient_norm, seconds) and `loss.svg`. Interrupted at any moment and started again, it ends with the same bits.
class Trainer {
 public:
  /// The mean loss of the batch of this step, counted from 0, with its gradient in the shards.
  using BatchLoss = std::function<double(Index step)>;
  /// Writes the model of a step.
  using SaveModel = std::function<void(Index step)>;

  /// Makes the output folder; opens and checks what an interrupted run left there, before anything is computed.
  /// @param identity what identifies this run (the settings of the optimiser are added).
  /// @throws Error kConfig for the state of another run, naming the first key that differs; as reading the files
  Trainer(TrainerOptions options, std::map<std::string, std::string> identity);

  /// Makes the steps that are left. The model is saved after every save_every steps and at the end.
  /// @param parameters those that train are chosen. @return false when is_cancelled ended it early, after a save
  /// @throws Error
  bool run(Parameters<float>& parameters, GradientShards<float>& shards, ThreadPool& pool, const BatchLoss& batch_loss,
           const SaveModel& save_model, const TrainingEvents& events = {});

 private:
  std::string state_path() const { return options_.output + "/training_state.safetensors"; }
  std::string log_path() const { return options_.output + "/log.jsonl"; }
  void read_log(Index step);

  TrainerOptions options_;
  std::map<std::string, std::string> identity_;
  bool is_resumed_ = false;
  std::string log_;
  std::vector<double> losses_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/trainer.inl"
#endif
