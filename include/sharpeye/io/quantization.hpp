#pragma once

/// @file
/// Makes quantized matrices (see WeightTensor) of floating-point ones.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/io/weight_scope.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A matrix as integers, and its scales: the two tensors that stand in a file.
struct QuantizedTensor {
  WeightTensor numbers;  ///< I8 [n, ...] or U8 [n, k / 2], under the matrix' own name
  WeightTensor scales;   ///< F32 [n] or F16 [n, k / kScaleGroup], name + kScaleSuffix
};

namespace detail {

template <class Element>
WeightTensor owned_tensor(const std::string& name, DType dtype, std::vector<Index> shape,
                          std::vector<Element> elements) {
  const auto owner = std::make_shared<const std::vector<Element>>(std::move(elements));
  return {name, dtype, std::move(shape), reinterpret_cast<const std::byte*>(owner->data()), owner};
}

/// The scale with the least squared error of numbers in [-8, 7]: the largest element by magnitude becomes -8, or some
/// neighbour of that scale, as cutting off the largest can be worth a finer step for all others.
inline float16 nibble_scale(const float* values) {
  const float largest =
      *std::max_element(values, values + kScaleGroup, [](float a, float b) { return std::abs(a) < std::abs(b); });
  float16 best;
  double least = -1;
  for (int candidate = -4; candidate <= 2; ++candidate) {
    const float16 scale(largest / -8 * (1 + 0.04f * static_cast<float>(candidate)));
    const auto step = static_cast<float>(scale);
    if (step == 0) continue;
    double error = 0;
    for (Index i = 0; i < kScaleGroup; ++i) {
      const float number = std::min(7.0f, std::max(-8.0f, std::nearbyint(values[i] / step)));
      error += static_cast<double>(number * step - values[i]) * static_cast<double>(number * step - values[i]);
    }
    if (least < 0 || error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

}  // namespace detail

/// 8 bits a weight: number = round(weight / scale) in [-63, 63] with scale = max|row| / 63, for each row of the matrix
/// [n, k] (further dimensions count as columns). Seven bits, so that no instruction set's sums can overflow.
/// @throws Error kNotFinite
inline QuantizedTensor quantize_to_bytes(const WeightTensor& tensor) {
  require(find_non_finite(tensor) < 0, ErrorCode::kNotFinite, tensor.name, ": expected finite weights");
  const Index n = tensor.shape[0], k = tensor.size() / std::max<Index>(n, 1);
  std::vector<float> values(static_cast<std::size_t>(tensor.size())), scales(static_cast<std::size_t>(n));
  tensor.copy_to(values.data());
  std::vector<std::int8_t> numbers(values.size());
  for (Index row = 0; row < n; ++row) {
    const float* source = values.data() + row * k;
    float largest = 0;
    for (Index i = 0; i < k; ++i) largest = std::max(largest, std::abs(source[i]));
    scales[static_cast<std::size_t>(row)] = largest / kLargestByteWeight;
    const float factor = largest > 0 ? kLargestByteWeight / largest : 0;
    for (Index i = 0; i < k; ++i) {
      numbers[static_cast<std::size_t>(row * k + i)] = static_cast<std::int8_t>(std::nearbyint(source[i] * factor));
    }
  }
  return {detail::owned_tensor(tensor.name, DType::kI8, tensor.shape, std::move(numbers)),
          detail::owned_tensor(tensor.name + kScaleSuffix, DType::kF32, {n}, std::move(scales))};
}

/// 4 bits a weight in groups of kScaleGroup along a row, each with an F16 scale: 4.5 bits in all.
/// @throws Error kNotFinite; kShape unless rows are whole groups
inline QuantizedTensor quantize_to_nibbles(const WeightTensor& tensor) {
  require(find_non_finite(tensor) < 0, ErrorCode::kNotFinite, tensor.name, ": expected finite weights");
  const Index n = tensor.shape[0], k = tensor.size() / std::max<Index>(n, 1);
  require(k % kScaleGroup == 0, ErrorCode::kShape, tensor.name, ": expected rows of whole groups of ", kScaleGroup,
          ", actual ", k);
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  std::vector<std::uint8_t> numbers(values.size() / 2);
  std::vector<float16> scales;
  for (std::size_t group = 0; group < values.size(); group += kScaleGroup) {
    const float16 scale = detail::nibble_scale(values.data() + group);
    scales.push_back(scale);
    const float factor = static_cast<float>(scale) == 0 ? 0 : 1 / static_cast<float>(scale);
    for (std::size_t i = group; i < group + kScaleGroup; ++i) {
      const float number = std::min(7.0f, std::max(-8.0f, std::nearbyint(values[i] * factor)));
      const int bits = static_cast<int>(number) + 8;
      numbers[i / 2] = static_cast<std::uint8_t>(numbers[i / 2] | (i % 2 == 0 ? bits : bits << 4));
    }
  }
  return {detail::owned_tensor(tensor.name, DType::kU8, {n, k / 2}, std::move(numbers)),
          detail::owned_tensor(tensor.name + kScaleSuffix, DType::kF16, {n, k / kScaleGroup}, std::move(scales))};
}

SHARPEYE_NAMESPACE_END
