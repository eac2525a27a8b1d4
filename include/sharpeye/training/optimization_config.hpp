#pragma once

/// @file
/// The settings of a training run, and the learning rate over time.

#include <algorithm>
#include <cmath>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Settings of AdamW; the defaults are PyTorch's but for the decay, which is LLaVA's.
struct AdamWConfig {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  ///< of matrices; vectors (biases, norms) do not decay
  bool muon = false;        ///< matrices inside of layers are moved by Muon (muon.hpp), with the same rate and decay
  double muon_momentum = 0.95;
};

/// How long, how fast, how many samples.
struct OptimizationConfig {
  Index steps = 1000;
  Index batch_size = 64;
  double learning_rate = 1e-3;
  double warmup_ratio = 0.03;      ///< share of the steps (LLaVA, the paper's code)
  double max_gradient_norm = 1.0;  ///< longer gradients are scaled down to it
  AdamWConfig adamw;

  Index warmup_steps() const { return static_cast<Index>(std::ceil(warmup_ratio * static_cast<double>(steps))); }
};

/// Warm-up from 0 to 1 over the first steps, then half a cosine down to 0 at the last (transformers'
/// get_cosine_schedule_with_warmup).
/// @param step 0 is the first. @return the factor of the learning rate
inline double learning_rate_factor(Index step, Index warmup_steps, Index total_steps) {
  if (step < warmup_steps) return static_cast<double>(step) / static_cast<double>(warmup_steps);
  const double progress =
      static_cast<double>(step - warmup_steps) / static_cast<double>(std::max<Index>(1, total_steps - warmup_steps));
  return std::max(0.0, 0.5 * (1 + std::cos(3.14159265358979323846 * progress)));
}

}  // namespace training
SHARPEYE_NAMESPACE_END
