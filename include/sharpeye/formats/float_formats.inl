#pragma once

/// @file
/// Bodies of float_formats.hpp.

#include "sharpeye/formats/float_formats.hpp"

#include <cstring>

#include "sharpeye/formats/finite.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/simd/pack.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace detail {

/// Elements of type Stored; the kernels read Packed.
template <class Stored, class Packed>
class FloatCodec final : public WeightCodec {
 public:
  constexpr FloatCodec(const char* name, WeightFormat format) noexcept : name_(name), format_(format) {}

  const char* name() const noexcept override { return name_; }
  WeightFormat kernel_format() const noexcept override { return format_; }
  int bits() const noexcept override { return 8 * static_cast<int>(sizeof(Stored)); }

  WeightLayout rows_layout(const std::string& name, const std::vector<Index>& shape) const override {
    return {{name, dtype_of<Stored>(), shape}};
  }
  WeightLayout panels_layout(const std::string& name, const std::vector<Index>& shape) const override {
    const auto [n, k] = matrix_extents(shape);
    return {{name + kPanelsSuffix, dtype_of<Packed>(), {simd::ceil_div(n, simd::kNR), k, simd::kNR}}};
  }

  std::vector<StoredTensor> encode(const std::string& name, const std::vector<Index>& shape,
                                   const std::vector<float>& values) const override {
    return {make_tensor(name, shape, std::vector<Stored>(values.begin(), values.end()))};
  }
  void decode(const WeightTensor& tensor, float* out) const override { stored(tensor).copy_to(out); }
  void decode(const WeightTensor& tensor, double* out) const override { stored(tensor).copy_to(out); }

  void check_rows(const StoredTensor& elements, const std::string& where, bool allow_non_finite) const override {
    if (!allow_non_finite) require_finite(elements, where);
  }
  void check_panels(const StoredTensor& elements, const std::string& where, bool allow_non_finite) const override {
    if (!allow_non_finite) require_finite(elements, where);
  }

  void pack(const WeightTensor& tensor, Index first, Index count, void* panels, float*) const override {
    const Index k = matrix_extents(tensor.shape).second;
    const std::byte* data = tensor.data + first * k * static_cast<Index>(sizeof(Stored));
    simd::pack_weights(
        count, k,
        [&](Index row, Index column) {
          Stored value;  // the file promises no alignment
          std::memcpy(&value, data + (row * k + column) * static_cast<Index>(sizeof value), sizeof value);
          return static_cast<Packed>(value);
        },
        static_cast<Packed*>(panels));
  }

 private:
  static StoredTensor stored(const WeightTensor& tensor) {
    return {tensor.name, dtype_of<Stored>(), tensor.shape, tensor.data, tensor.owner};
  }

  const char* name_;
  WeightFormat format_;
};

}  // namespace detail

SHARPEYE_BODY const WeightCodec& f32_codec() noexcept {
  static constexpr detail::FloatCodec<float, float> kCodec("f32", WeightFormat::kF32);
  return kCodec;
}
SHARPEYE_BODY const WeightCodec& f16_codec() noexcept {
  static constexpr detail::FloatCodec<float16, float16> kCodec("f16", WeightFormat::kF16);
  return kCodec;
}
SHARPEYE_BODY const WeightCodec& bf16_codec() noexcept {
  static constexpr detail::FloatCodec<bfloat16, bfloat16> kCodec("bf16", WeightFormat::kBF16);
  return kCodec;
}
SHARPEYE_BODY const WeightCodec& f64_codec() noexcept {
  static constexpr detail::FloatCodec<double, float> kCodec("f64", WeightFormat::kF32);
  return kCodec;
}

SHARPEYE_NAMESPACE_END
