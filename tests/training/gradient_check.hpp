#pragma once

/// @file
/// Gradients against central differences, in double.

#include <doctest/doctest.h>

#include <cmath>

#include "sharpeye/core/random.hpp"
#include "sharpeye/training/autodiff.hpp"

namespace test {

using sharpeye::Index;
using sharpeye::training::Autodiff;
using sharpeye::training::FlatValues;
using sharpeye::training::Parameters;

/// A fixed random direction: sum_i direction(i) y_i makes a number of any tensor.
inline std::vector<double> direction(Index size) {
  sharpeye::Random random(7);
  std::vector<double> values(static_cast<std::size_t>(size));
  for (double& value : values) value = random.normal();
  return values;
}

/// Checks d(loss)/d(parameter) of every parameter: the analytic gradient against (loss(w + h) - loss(w - h)) / 2h at up
/// to `samples` elements of each, as |difference| / |gradient| in the 2-norm over these elements.
/// @param loss runs the model on the tape given, ends what flows back (seed or cross_entropy), returns the loss
template <class Loss>
void check_gradients(Parameters<double>& parameters, const Loss& loss, int samples = 24, double tolerance = 1e-6) {
  sharpeye::ThreadPool pool(1);
  parameters.train({""});
  parameters.pack(pool, false);
  FlatValues<double> gradient(static_cast<std::size_t>(parameters.num_trained()), 0.0);
  {
    Autodiff<double> ops(&gradient);
    loss(ops);
    ops.backward();
  }
  const auto value = [&] {
    Autodiff<double> ops(nullptr);
    return loss(ops);
  };
  double total = 0;
  for (const double g : gradient) total += g * g;
  sharpeye::Random random(3);
  for (const auto& parameter : parameters.all()) {
    double error = 0, norm = 0;
    for (int sample = 0; sample < std::min<Index>(samples, parameter->size()); ++sample) {
      const Index i = samples >= parameter->size()
                          ? sample
                          : static_cast<Index>(random.below(static_cast<std::uint64_t>(parameter->size())));
      double& weight = parameter->values[static_cast<std::size_t>(i)];
      const double before = weight, step = 1e-5;
      const auto at = [&](double x) {
        weight = x;
        parameter->pack();
        return value();
      };
      const double numeric = (at(before + step) - at(before - step)) / (2 * step);
      at(before);
      const double analytic = gradient[static_cast<std::size_t>(parameter->offset + i)];
      error += (numeric - analytic) * (numeric - analytic);
      norm += numeric * numeric;
    }
    INFO(parameter->name, ": error ", std::sqrt(error), " norm ", std::sqrt(norm));
    // A key's bias has no gradient at all: there rounding is measured against the whole gradient.
    CHECK(std::sqrt(error) <= tolerance * std::max(std::sqrt(norm), 1e-4 * std::sqrt(total)));
  }
}

}  // namespace test
