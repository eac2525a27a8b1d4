#pragma once

/// @file
/// Bodies of stored_tensor.hpp.

#include "sharpeye/io/stored_tensor.hpp"

#include <cstdint>
#include <cstring>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "[";
  for (const Index extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

SHARPEYE_BODY Index num_elements(const std::vector<Index>& shape) noexcept {
  Index product = 1;
  for (const Index extent : shape) product *= extent;
  return product;
}

SHARPEYE_BODY bool is_panels_name(const std::string& name) {
  const std::string suffix = kPanelsSuffix;
  return name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

namespace detail {

template <class Stored, class S>
void convert_stored(const std::byte* stored, Index count, S* out) noexcept {
  for (Index i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, stored + i * static_cast<Index>(sizeof value), sizeof value);
    if constexpr (std::is_arithmetic_v<Stored>) {
      out[i] = static_cast<S>(value);
    } else {
      out[i] = static_cast<S>(static_cast<float>(value));
    }
  }
}

template <class S>
void convert_tensor(const StoredTensor& tensor, S* out) noexcept {
  const Index count = tensor.size();
  switch (tensor.dtype) {
    case DType::kBool:
    case DType::kU8: return convert_stored<std::uint8_t>(tensor.data, count, out);
    case DType::kI8: return convert_stored<std::int8_t>(tensor.data, count, out);
    case DType::kU16: return convert_stored<std::uint16_t>(tensor.data, count, out);
    case DType::kI16: return convert_stored<std::int16_t>(tensor.data, count, out);
    case DType::kU32: return convert_stored<std::uint32_t>(tensor.data, count, out);
    case DType::kI32: return convert_stored<std::int32_t>(tensor.data, count, out);
    case DType::kU64: return convert_stored<std::uint64_t>(tensor.data, count, out);
    case DType::kI64: return convert_stored<std::int64_t>(tensor.data, count, out);
    case DType::kF16: return convert_stored<float16>(tensor.data, count, out);
    case DType::kBF16: return convert_stored<bfloat16>(tensor.data, count, out);
    case DType::kF32: return convert_stored<float>(tensor.data, count, out);
    case DType::kF64: return convert_stored<double>(tensor.data, count, out);
  }
}

}  // namespace detail

SHARPEYE_BODY void StoredTensor::copy_to(float* out) const noexcept {
  detail::convert_tensor(*this, out);
}
SHARPEYE_BODY void StoredTensor::copy_to(double* out) const noexcept {
  detail::convert_tensor(*this, out);
}

SHARPEYE_NAMESPACE_END
