#pragma once

/// @file
/// Weights for tests: random, and lively enough that a mistake shows.

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"

namespace test {

/// Values for every declared tensor: gains near 1, biases that matter, matrices that keep the scale of their input.
inline std::shared_ptr<sharpeye::MemorySource> random_weights(const std::vector<sharpeye::TensorDeclaration>& declared,
                                                              unsigned seed) {
  auto source = std::make_shared<sharpeye::MemorySource>();
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (const sharpeye::TensorDeclaration& tensor : declared) {
    const bool is_gain =
        tensor.name.find("norm") != std::string::npos && tensor.name.find(".weight") != std::string::npos;
    const auto rows = tensor.shape.size() > 1 ? tensor.shape[0] : tensor.size();
    const float scale = tensor.shape.size() > 1 ? 1.2f / std::sqrt(static_cast<float>(tensor.size() / rows)) : 0.2f;
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    for (float& value : values) value = (is_gain ? 1.0f : 0.0f) + scale * normal(random);
    source->add(tensor.name, tensor.shape, std::move(values));
  }
  return source;
}

}  // namespace test
