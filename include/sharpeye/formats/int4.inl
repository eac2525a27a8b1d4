#pragma once

/// @file
/// Bodies of int4.hpp.

#include "sharpeye/formats/int4.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sharpeye/formats/finite.hpp"
#include "sharpeye/formats/integer_rows.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/simd/pack.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// The scale with the least squared error of numbers in [-8, 7]: the largest element by magnitude becomes -8, or some
/// neighbour of that scale, as cutting off the largest can be worth a finer step for all others.
inline float16 nibble_scale(const float* values) {
  const float largest =
      *std::max_element(values, values + simd::kGroup, [](float a, float b) { return std::abs(a) < std::abs(b); });
  float16 best;
  double least = -1;
  for (int candidate = -4; candidate <= 2; ++candidate) {
    const float16 scale(largest / -8 * (1 + 0.04f * static_cast<float>(candidate)));
    const auto step = static_cast<float>(scale);
    if (step == 0) continue;
    double error = 0;
    for (Index i = 0; i < simd::kGroup; ++i) {
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

class Int4Codec final : public WeightCodec {
 private:
  static auto number_of(const WeightTensor& tensor) {
    return [data = tensor.data, k = matrix_extents(tensor.shape).second](Index row, Index column) {
      const Index at = row * k + column;
      const int byte = std::to_integer<int>(data[at / 2]);
      return (at % 2 == 0 ? byte & 15 : byte >> 4) - simd::kNibbleOffset;
    };
  }
  static auto scale_of(const WeightTensor& tensor) {
    return [scales = tensor.scales->data(), k = matrix_extents(tensor.shape).second](Index row, Index column) {
      return scales[(row * k + column) / simd::kGroup];
    };
  }

  template <class S>
  static void decode_to(const WeightTensor& tensor, S* out) {
    const auto [n, k] = matrix_extents(tensor.shape);
    decode_integers(n, k, number_of(tensor), scale_of(tensor), out);
  }

 public:
  const char* name() const noexcept override { return "int4"; }
  WeightFormat kernel_format() const noexcept override { return WeightFormat::kInt4; }
  int bits() const noexcept override { return 4; }
  Index group() const noexcept override { return simd::kGroup; }

  WeightLayout rows_layout(const std::string& name, const std::vector<Index>& shape) const override {
    const auto [n, k] = matrix_extents(shape);
    return {{name, DType::kU8, {n, k / 2}}, TensorDeclaration{name + kScaleSuffix, DType::kF16, {n, k / simd::kGroup}}};
  }
  WeightLayout panels_layout(const std::string& name, const std::vector<Index>& shape) const override {
    const auto [n, k] = matrix_extents(shape);
    return {{name + kPanelsSuffix, DType::kU8, {simd::ceil_div(n, simd::kNR), k / simd::kGroup, simd::kGroupBytes}},
            std::nullopt,
            TensorDeclaration{name + kSumsSuffix, DType::kF32, {n}}};
  }

  std::vector<StoredTensor> encode(const std::string& name, const std::vector<Index>& shape,
                                   const std::vector<float>& values) const override {
    const auto [n, k] = matrix_extents(shape);
    std::vector<std::uint8_t> numbers(values.size() / 2);
    std::vector<float16> scales;
    for (std::size_t group = 0; group < values.size(); group += simd::kGroup) {
      const float16 scale = nibble_scale(values.data() + group);
      scales.push_back(scale);
      const float factor = static_cast<float>(scale) == 0 ? 0 : 1 / static_cast<float>(scale);
      for (std::size_t i = group; i < group + simd::kGroup; ++i) {
        const float number = std::min(7.0f, std::max(-8.0f, std::nearbyint(values[i] * factor)));
        const int bits = static_cast<int>(number) + simd::kNibbleOffset;
        numbers[i / 2] = static_cast<std::uint8_t>(numbers[i / 2] | (i % 2 == 0 ? bits : bits << 4));
      }
    }
    return {make_tensor(name, {n, k / 2}, std::move(numbers)),
            make_tensor(name + kScaleSuffix, {n, k / simd::kGroup}, std::move(scales))};
  }
  void decode(const WeightTensor& tensor, float* out) const override { decode_to(tensor, out); }
  void decode(const WeightTensor& tensor, double* out) const override { decode_to(tensor, out); }

  // Every byte is two numbers of the range; their scales, which stand beside them, are checked as they are read.
  void check_rows(const StoredTensor&, const std::string&, bool) const override {}
  void check_panels(const StoredTensor& elements, const std::string& where, bool allow_non_finite) const override {
    for (Index at = 0; at < elements.size() && !allow_non_finite; at += simd::kGroupBytes) {
      require_finite({elements.name, DType::kF16, {simd::kNR}, elements.data + at, elements.owner}, where);
    }
  }

  void pack(const WeightTensor& tensor, Index first, Index count, void* panels, float* sums) const override {
    const Index k = matrix_extents(tensor.shape).second;
    const auto* rows = reinterpret_cast<const std::uint8_t*>(tensor.data) + first * k / 2;
    const float* scales = tensor.scales->data() + first * k / simd::kGroup;
    simd::pack_nibbles(count, k, rows, scales, static_cast<std::uint8_t*>(panels));
    for (Index row = 0; row < count; ++row) {
      double sum = 0;
      for (Index begin = row * k; begin < (row + 1) * k; begin += simd::kGroup) {
        int part = -simd::kNibbleOffset * static_cast<int>(simd::kGroup);
        for (Index i = 0; i < simd::kGroup / 2; ++i) part += (rows[begin / 2 + i] & 15) + (rows[begin / 2 + i] >> 4);
        sum += static_cast<double>(part) * static_cast<double>(scales[begin / simd::kGroup]);
      }
      sums[row] = static_cast<float>(sum);
    }
  }
};

}  // namespace detail

SHARPEYE_BODY const WeightCodec& int4_codec() noexcept {
  static constexpr detail::Int4Codec kCodec{};
  return kCodec;
}

SHARPEYE_NAMESPACE_END
