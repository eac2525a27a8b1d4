#pragma once

/// @file
/// Bodies of initialize.hpp.

#include "sharpeye/models/initialize.hpp"

#include <cmath>
#include <random>
#include <string>

#include "sharpeye/core/random.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::vector<TensorDeclaration> declare_tensors(const MmSerConfig& config) {
  DeclaringLoader loader;
  const MmSer<Counting> model(config, loader);
  return loader.declared();
}

namespace detail {

/// Positions of the patches of a g x g grid, after the row of a class token, which is 0: sines and cosines of column
/// and row, whose wave lengths go from half the picture's side up. A vision tower that begins so learns outlines in
/// fewer steps than one that must first tell its patches apart (weights/demo/README.md).
inline std::vector<float> grid_sines(Index g, Index size) {
  constexpr double kHalfPi = 1.5707963267948966;
  const Index quarter = size / 4;
  std::vector<float> values(static_cast<std::size_t>((g * g + 1) * size), 0.0f);
  for (Index patch = 0; patch < g * g; ++patch) {
    float* row = values.data() + (patch + 1) * size;
    for (Index i = 0; i < quarter; ++i) {
      const double frequency = kHalfPi * 8 / static_cast<double>(g) *
                               std::pow(100.0, -static_cast<double>(i) / static_cast<double>(quarter));
      const Index column = patch % g, line = patch / g;
      const double x = frequency * static_cast<double>(column), y = frequency * static_cast<double>(line);
      row[i] = static_cast<float>(std::sin(x));
      row[quarter + i] = static_cast<float>(std::cos(x));
      row[2 * quarter + i] = static_cast<float>(std::sin(y));
      row[3 * quarter + i] = static_cast<float>(std::cos(y));
    }
  }
  return values;
}

}  // namespace detail

SHARPEYE_BODY std::vector<float> initial_values(const TensorDeclaration& tensor, std::uint64_t seed) {
  const std::string& name = tensor.name;
  std::vector<float> values(static_cast<std::size_t>(tensor.size()), 0.0f);
  const auto ends_with = [&](const std::string& end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  if (ends_with("norm.weight") || ends_with("LayerNorm.weight") || ends_with("norm1.weight") ||
      ends_with("norm2.weight")) {
    values.assign(values.size(), 1.0f);
    return values;
  }
  if (ends_with(".bias")) return values;
  if (ends_with("embeddings.position_embedding.weight") && tensor.shape.size() == 2 && tensor.shape[1] % 4 == 0) {
    const auto side = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(tensor.shape[0] - 1))));
    if (side * side == tensor.shape[0] - 1) return detail::grid_sines(side, tensor.shape[1]);
  }
  std::uint64_t state = seed + 0x9e3779b97f4a7c15u;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3u;  // FNV-1a
  std::mt19937_64 random(state);
  const Index rows = tensor.shape.empty() ? 1 : tensor.shape[0];
  const bool is_table = name.find("embed") != std::string::npos && name.find("patch") == std::string::npos;
  const bool is_position_of_projection = name.find("position_embedding") != std::string::npos;
  const double fan_in = static_cast<double>(tensor.size()) / static_cast<double>(rows);
  const double residual = ends_with("o_proj.weight") || ends_with("out_proj.weight") || ends_with("fc2.weight") ||
                                  ends_with("down_proj.weight")
                              ? 0.3
                              : 1;
  const double deviation = is_position_of_projection ? 0.4 : is_table ? 0.02 : residual / std::sqrt(fan_in);
  for (std::size_t i = 0; i < values.size(); i += 2) {
    const std::uint64_t a = random(), b = random();
    const auto [first, second] = normal_pair(a, b, deviation);
    values[i] = static_cast<float>(first);
    if (i + 1 < values.size()) values[i + 1] = static_cast<float>(second);
  }
  return values;
}

SHARPEYE_BODY std::shared_ptr<MemorySource> initial_source(const std::vector<TensorDeclaration>& tensors,
                                                           std::uint64_t seed) {
  auto source = std::make_shared<MemorySource>();
  for (const TensorDeclaration& tensor : tensors) {
    source->add(tensor.name, tensor.shape, initial_values(tensor, seed));
  }
  return source;
}

SHARPEYE_NAMESPACE_END
