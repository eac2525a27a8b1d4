#pragma once

/// @file
/// AdamW (Loshchilov and Hutter 2019), with Muon for matrices on request, and the clipping of gradients.

#include <cmath>
#include <string>
#include <vector>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/training/muon.hpp"
#include "sharpeye/training/optimization_config.hpp"
#include "sharpeye/training/parameters.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The optimiser's state. With t the number of the step, from 1:
/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// w = w (1 - rate * decay) - rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
/// With `muon`, for matrices inside of layers (is_hidden_matrix()), and with b its momentum:
/// m = b m + g; w = w (1 - rate * decay) - rate * muon_scale() * orthogonalize(g + b m)
template <class S>
class AdamW {
 public:
  AdamW(const Parameters<S>& parameters, const AdamWConfig& config)
      : config_(config),
        first_(static_cast<std::size_t>(parameters.num_trained()), S{0}),
        second_(static_cast<std::size_t>(parameters.num_trained()), S{0}) {}

  /// Moves the trained parameters against `gradient`. Packed forms are out of date afterwards.
  void step(ThreadPool& pool, Parameters<S>& parameters, const FlatValues<S>& gradient, double learning_rate) {
    ++steps_;
    const auto power = static_cast<double>(steps_);
    const S rate = static_cast<S>(learning_rate / (1 - std::pow(config_.beta1, power)));
    const S correction = static_cast<S>(1 / std::sqrt(1 - std::pow(config_.beta2, power)));
    const S b1 = static_cast<S>(config_.beta1), b2 = static_cast<S>(config_.beta2);
    const S epsilon = static_cast<S>(config_.epsilon);
    pool.parallel_for(static_cast<Index>(parameters.all().size()), [&](Index index) {
      Parameter<S>& parameter = *parameters.all()[static_cast<std::size_t>(index)];
      if (!parameter.is_trained()) return;
      const S keep = static_cast<S>(parameter.shape.size() > 1 ? 1 - learning_rate * config_.weight_decay : 1);
      const auto offset = static_cast<std::size_t>(parameter.offset);
      const S* g = gradient.data() + offset;
      S* m = first_.data() + offset;
      S* v = second_.data() + offset;
      S* w = parameter.values.data();
      if (config_.muon && is_hidden_matrix(parameter)) {
        const S momentum = static_cast<S>(config_.muon_momentum);
        std::vector<S> update(static_cast<std::size_t>(parameter.size()));
        for (Index i = 0; i < parameter.size(); ++i) {
          m[i] = momentum * m[i] + g[i];
          update[static_cast<std::size_t>(i)] = g[i] + momentum * m[i];  // Nesterov's
        }
        orthogonalize(parameter.rows, parameter.columns, update.data());
        const S muon_rate = static_cast<S>(learning_rate * muon_scale(parameter.rows, parameter.columns));
        for (Index i = 0; i < parameter.size(); ++i)
          w[i] = w[i] * keep - muon_rate * update[static_cast<std::size_t>(i)];
        return;
      }
      for (Index i = 0; i < parameter.size(); ++i) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        w[i] = w[i] * keep - rate * m[i] / (std::sqrt(v[i]) * correction + epsilon);
      }
    });
  }

  /// Whether Muon moves it: the matrices inside of layers. Tables whose rows are looked up, and the patch embedding,
  /// are AdamW's.
  static bool is_hidden_matrix(const Parameter<S>& parameter) {
    return parameter.shape.size() == 2 && parameter.rows > 1 && parameter.columns > 1 &&
           parameter.name.find("embed") == std::string::npos && parameter.name.find("lm_head") == std::string::npos;
  }

  /// The state, for checkpoints.
  FlatValues<S>& first_moment() { return first_; }
  FlatValues<S>& second_moment() { return second_; }
  Index steps() const { return steps_; }
  void set_steps(Index steps) { steps_ = steps; }

 private:
  AdamWConfig config_;
  FlatValues<S> first_, second_;
  Index steps_ = 0;
};

/// Scales `gradient` down to the norm `max_norm` when it is longer (PyTorch's clip_grad_norm_). @return its norm before
template <class S>
double clip_norm(FlatValues<S>& gradient, double max_norm) {
  double sum = 0;
  for (const S g : gradient) sum += static_cast<double>(g) * static_cast<double>(g);
  const double norm = std::sqrt(sum);
  if (norm > max_norm) {
    const S scale = static_cast<S>(max_norm / (norm + 1e-6));
    for (S& g : gradient) g *= scale;
  }
  return norm;
}

#if defined(SHARPEYE_COMPILED)
extern template class AdamW<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
