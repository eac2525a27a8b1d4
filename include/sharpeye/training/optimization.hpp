#pragma once

/// @file
/// One training run: its settings, its state on disk, and the step from a gradient to new weights.

#include <map>
#include <optional>
#include <string>

#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/training/adamw.hpp"
#include "sharpeye/training/run_state.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The result of a step.
struct StepReport {
  Index step;  ///< from 1
  double learning_rate;
  double gradient_norm;  ///< before clipping
};

/// The optimiser over the trained parameters of a model. A run that was saved after step n and loaded again goes on
/// with exactly the bits of one that was never interrupted.
template <class S>
class Optimization {
 public:
  /// Packs the parameters, whose selection for training (Parameters::train) must be made by now.
  Optimization(Parameters<S>& parameters, const OptimizationConfig& config, ThreadPool& pool)
      : parameters_(parameters), config_(config), pool_(pool), adamw_(parameters, config.adamw) {
    parameters.pack(pool, false);
  }

  const OptimizationConfig& config() const { return config_; }
  /// Steps made.
  Index step() const { return adamw_.steps(); }
  bool is_done() const { return step() >= config_.steps; }

  /// Moves the weights. @param gradient of the batch; is scaled
  StepReport apply(FlatValues<S>& gradient) {
    const double norm = clip_norm(gradient, config_.max_gradient_norm);
    require(std::isfinite(norm), ErrorCode::kNotFinite, "training: step ", step() + 1,
            ": expected a finite gradient, actual norm ", norm, " (a lower learning rate helps)");
    const double rate = config_.learning_rate * learning_rate_factor(step(), config_.warmup_steps(), config_.steps);
    adamw_.step(pool_, parameters_, gradient, rate);
    parameters_.pack(pool_, true);
    return {step(), rate, norm};
  }

  /// Writes weights, moments and step, all in one file, so that no interruption can separate them.
  /// @param run what this run is: load() refuses the state of another.
  void save(const std::string& path, std::map<std::string, std::string> run) {
    MemorySource state;
    add(state, "weights", trained_values());
    add(state, "first_moment", adamw_.first_moment());
    add(state, "second_moment", adamw_.second_moment());
    run["step"] = std::to_string(step());
    write_safetensors(path, state, run);
  }

  /// The state of save(). @throws Error as step_of_state() and SafetensorsFile; kShape
  void load(const std::string& path, const std::map<std::string, std::string>& run) {
    const SafetensorsFile state(path);
    const Index steps = step_of_state(state, run);
    const FlatValues<S> weights = read(state, "weights");
    adamw_.first_moment() = read(state, "first_moment");
    adamw_.second_moment() = read(state, "second_moment");
    for (const auto& parameter : parameters_.all()) {
      if (parameter->is_trained())
        std::copy_n(weights.data() + parameter->offset, parameter->size(), parameter->values.data());
    }
    adamw_.set_steps(steps);
    parameters_.pack(pool_, false);
  }

 private:
  static constexpr DType kStored = dtype_of<S>();

  FlatValues<S> trained_values() const {
    FlatValues<S> values(static_cast<std::size_t>(parameters_.num_trained()));
    for (const auto& parameter : parameters_.all()) {
      if (parameter->is_trained())
        std::copy_n(parameter->values.data(), parameter->size(), values.data() + parameter->offset);
    }
    return values;
  }

  static void add(MemorySource& source, const std::string& name, FlatValues<S> values) {
    const auto size = static_cast<Index>(values.size());
    source.add(make_tensor(name, {size}, std::move(values)));
  }

  FlatValues<S> read(const SafetensorsFile& state, const std::string& name) const {
    const TensorInfo& info = state.info(name);
    const std::vector<Index> expected{parameters_.num_trained()};
    require(info.shape == expected && info.dtype == kStored, ErrorCode::kShape, state.where(), ": ", name,
            ": expected ", to_string(kStored), ' ', shape_text(expected), ", file has ", info.dtype_name, ' ',
            shape_text(info.shape));
    FlatValues<S> values(static_cast<std::size_t>(parameters_.num_trained()));
    state.read(name).copy_to(values.data());
    return values;
  }

  Parameters<S>& parameters_;
  OptimizationConfig config_;
  ThreadPool& pool_;
  AdamW<S> adamw_;
};

#if defined(SHARPEYE_COMPILED)
extern template class Optimization<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
