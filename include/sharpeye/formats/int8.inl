#pragma once

/// @file
/// Bodies of int8.hpp.

#include "sharpeye/formats/int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "sharpeye/formats/integer_rows.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/simd/pack.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

class Int8Codec final : public WeightCodec {
 private:
  static auto number_of(const WeightTensor& tensor) {
    return [data = tensor.data, k = matrix_extents(tensor.shape).second](Index row, Index column) {
      return int{static_cast<std::int8_t>(data[row * k + column])};
    };
  }
  static auto scale_of(const WeightTensor& tensor) {
    return [scales = tensor.scales->data()](Index row, Index) { return scales[row]; };
  }

  template <class S>
  static void decode_to(const WeightTensor& tensor, S* out) {
    const auto [n, k] = matrix_extents(tensor.shape);
    decode_integers(n, k, number_of(tensor), scale_of(tensor), out);
  }

  // Larger numbers would overflow where two products are summed in 16 bits.
  template <class Number>
  static void check_range(const StoredTensor& elements, const std::string& where, const Number& number) {
    const std::byte* end = elements.data + elements.size();
    const std::byte* large = std::find_if(elements.data, end, [&](std::byte byte) {
      return number(byte) > simd::kByteLimit || number(byte) < -simd::kByteLimit;
    });
    require(large == end, ErrorCode::kFormat, where, ": ", elements.name, ": expected numbers of at most ",
            simd::kByteLimit, ", element ", large - elements.data, " is ", large == end ? 0 : number(*large));
  }

 public:
  const char* name() const noexcept override { return "int8"; }
  WeightFormat kernel_format() const noexcept override { return WeightFormat::kInt8; }
  int bits() const noexcept override { return 8; }

  WeightLayout rows_layout(const std::string& name, const std::vector<Index>& shape) const override {
    const Index n = matrix_extents(shape).first;
    return {{name, DType::kI8, shape}, TensorDeclaration{name + kScaleSuffix, DType::kF32, {n}}};
  }
  WeightLayout panels_layout(const std::string& name, const std::vector<Index>& shape) const override {
    const auto [n, k] = matrix_extents(shape);
    return {{name + kPanelsSuffix, DType::kU8, {simd::ceil_div(n, simd::kNR), simd::ceil_div(k, 4), 4 * simd::kNR}},
            TensorDeclaration{name + kScaleSuffix, DType::kF32, {n}},
            TensorDeclaration{name + kSumsSuffix, DType::kF32, {n}}};
  }

  std::vector<StoredTensor> encode(const std::string& name, const std::vector<Index>& shape,
                                   const std::vector<float>& values) const override {
    const auto [n, k] = matrix_extents(shape);
    std::vector<float> scales(static_cast<std::size_t>(n));
    std::vector<std::int8_t> numbers(values.size());
    for (Index row = 0; row < n; ++row) {
      const float* source = values.data() + row * k;
      float largest = 0;
      for (Index i = 0; i < k; ++i) largest = std::max(largest, std::abs(source[i]));
      scales[static_cast<std::size_t>(row)] = largest / simd::kByteLimit;
      const float factor = largest > 0 ? simd::kByteLimit / largest : 0;
      for (Index i = 0; i < k; ++i) {
        numbers[static_cast<std::size_t>(row * k + i)] = static_cast<std::int8_t>(std::nearbyint(source[i] * factor));
      }
    }
    return {make_tensor(name, shape, std::move(numbers)), make_tensor(name + kScaleSuffix, {n}, std::move(scales))};
  }
  void decode(const WeightTensor& tensor, float* out) const override { decode_to(tensor, out); }
  void decode(const WeightTensor& tensor, double* out) const override { decode_to(tensor, out); }

  void check_rows(const StoredTensor& elements, const std::string& where, bool) const override {
    check_range(elements, where, [](std::byte byte) { return int{static_cast<std::int8_t>(byte)}; });
  }
  void check_panels(const StoredTensor& elements, const std::string& where, bool) const override {
    check_range(elements, where, [](std::byte byte) { return std::to_integer<int>(byte) - simd::kByteOffset; });
  }

  void pack(const WeightTensor& tensor, Index first, Index count, void* panels, float* sums) const override {
    const Index k = matrix_extents(tensor.shape).second;
    const auto* rows = reinterpret_cast<const std::int8_t*>(tensor.data) + first * k;
    const float* scales = tensor.scales->data() + first;
    simd::pack_bytes(count, k, rows, static_cast<std::uint8_t*>(panels));
    for (Index row = 0; row < count; ++row) {
      const int sum = std::accumulate(rows + row * k, rows + (row + 1) * k, 0);
      sums[row] = static_cast<float>(static_cast<double>(sum) * static_cast<double>(scales[row]));
    }
  }
};

}  // namespace detail

SHARPEYE_BODY const WeightCodec& int8_codec() noexcept {
  static constexpr detail::Int8Codec kCodec{};
  return kCodec;
}

SHARPEYE_NAMESPACE_END
