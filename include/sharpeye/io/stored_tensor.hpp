#pragma once

/// @file
/// A tensor as a file holds it: a name, an element type, a shape and bytes. What the numbers mean is not known here;
/// see formats/ for weights.

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sharpeye reads weights as stored: little-endian only");

SHARPEYE_NAMESPACE_BEGIN

/// A shape as text, for example "[4096, 1024]".
std::string shape_text(const std::vector<Index>& shape);
/// The product of all extents.
Index num_elements(const std::vector<Index>& shape) noexcept;

/// Tensors whose names end like this are for kernels, which read them where they stand: they begin on a cache line.
inline constexpr const char* kPanelsSuffix = "_panels";

/// Whether a tensor of this name ends in kPanelsSuffix.
bool is_panels_name(const std::string& name);

/// Name, kind and shape of a tensor, as it is going to be read or written.
struct TensorDeclaration {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<Index> shape;

  /// Number of elements.
  Index size() const noexcept { return num_elements(shape); }
};

/// A tensor's elements as stored. The data may be unaligned; it lives as long as `owner` (a buffer or a mapping) does.
struct StoredTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<Index> shape;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;

  /// Number of elements.
  Index size() const noexcept { return num_elements(shape); }
  /// Size of the data.
  Index bytes() const noexcept { return size() * size_of(dtype); }

  /// Converts all elements to `out` [size()], which does not overlap `data`.
  void copy_to(float* out) const noexcept;
  void copy_to(double* out) const noexcept;
};

/// The DType whose elements are Ts.
template <class T>
constexpr DType dtype_of() noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return DType::kBool;
  } else if constexpr (std::is_same_v<T, float16>) {
    return DType::kF16;
  } else if constexpr (std::is_same_v<T, bfloat16>) {
    return DType::kBF16;
  } else if constexpr (std::is_floating_point_v<T>) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    return sizeof(T) == 4 ? DType::kF32 : DType::kF64;
  } else {
    static_assert(std::is_integral_v<T>);
    constexpr DType kSigned[] = {DType::kI8, DType::kI16, DType::kI32, DType::kI64};
    constexpr DType kUnsigned[] = {DType::kU8, DType::kU16, DType::kU32, DType::kU64};
    constexpr int kPlace = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? kSigned[kPlace] : kUnsigned[kPlace];
  }
}

/// A tensor that owns its elements. @throws Error kInvalidArgument unless `elements` fills `shape`
template <class T>
StoredTensor make_tensor(std::string name, std::vector<Index> shape, std::vector<T> elements) {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no bytes");
  require(num_elements(shape) == static_cast<Index>(elements.size()), ErrorCode::kInvalidArgument, name, ": expected ",
          num_elements(shape), " values for ", shape_text(shape), ", actual ", elements.size());
  const auto owner = std::make_shared<const std::vector<T>>(std::move(elements));
  return {std::move(name), dtype_of<T>(), std::move(shape), reinterpret_cast<const std::byte*>(owner->data()), owner};
}

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/stored_tensor.inl"
#endif
