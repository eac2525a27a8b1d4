#pragma once

/// @file
/// The frame around every training stage: resuming, steps, log, saving, progress, loss plot.

#include <functional>
#include <map>
#include <string>

#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/optimization.hpp"
#include "tools/terminal.hpp"

namespace tool {

using Parameters = training::Parameters<float>;
using Gradient = training::FlatValues<float>;

/// What a run is told on the command line.
struct TrainingRunOptions {
  std::string output;  ///< a model directory, and the state of the run
  training::OptimizationConfig optimization;
  Index save_every = 200;  ///< steps
};

/// A batch's mean loss, with its gradient in the shards.
using BatchLoss = std::function<double(Index step)>;

/// Runs all steps that are left, from the state in `output` if there is one. Writes there `training_state.safetensors`
/// (weights, moments, step: one atomic file), `log.jsonl` (a line per step: step, loss, learning_rate, gradient_norm,
/// seconds), `loss.svg`, and calls `save` (which writes the model) after every save_every steps and at the end.
/// Interrupted at any moment and started again, it ends with the same bits.
/// @param identity what makes this run: the state of another is refused by the key that differs.
/// @return false when Ctrl-C ended it early, after a save
/// @throws Error
bool run_training(const TrainingRunOptions& options, std::map<std::string, std::string> identity,
                  Parameters& parameters, training::GradientShards<float>& shards, ThreadPool& pool,
                  const BatchLoss& batch_loss, const std::function<void(Index)>& save);

/// A moving line on a terminal, and nothing but its last state elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  /// Shows "what: done / total, detail, rate, time left" at most every tenth of a second.
  void show(Index done, Index total, const std::string& detail = "");
  void finish();

 private:
  std::string what_, last_;
  bool is_terminal_;
  double begin_, shown_ = 0;
  Index first_ = -1;
};

/// The losses of a run as a picture: each step's, and their moving average.
std::string loss_plot(const std::vector<double>& losses);

}  // namespace tool
