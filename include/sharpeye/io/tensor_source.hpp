#pragma once

/// @file
/// Named tensors as stored: what a checkpoint offers (TensorSource), one tensor of it (WeightTensor), and a source in
/// memory for tests and freshly initialised models.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sharpeye reads weights as stored: little-endian only");

SHARPEYE_NAMESPACE_BEGIN

/// A shape as text, for example "[4096, 1024]".
inline std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "[";
  for (const Index extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// What a source says about a tensor without reading it.
struct TensorInfo {
  std::string name;
  std::string_view dtype_name;  ///< as in safetensors, for example "F8_E4M3"; static storage
  std::optional<DType> dtype;   ///< empty for kinds that can be listed but not read (F8, F6, F4, C64)
  std::vector<Index> shape;     ///< row-major; [] is a scalar
  std::uint64_t begin = 0;      ///< bytes [begin, end) of the source's data section
  std::uint64_t end = 0;
};

/// Name, kind and shape of a tensor, as it is going to be written.
struct TensorDeclaration {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<Index> shape;
};

/// Consecutive elements of a row of 4-bit weights that share a scale.
inline constexpr Index kScaleGroup = 32;
/// The largest number of a weight quantized to I8: seven bits, see simd::kByteLimit.
inline constexpr int kLargestByteWeight = 63;

/// A tensor's elements as stored. The data may be unaligned; it lives as long as `owner` (a buffer or a mapping) does.
///
/// A quantized matrix [n, k] also has scales: element (i, j) is number * scale. With dtype I8 each row has one scale;
/// with U8 the numbers are in [-8, 7], two a byte (number + 8, the first one in the lower half), and each kScaleGroup
/// of a row has its own.
///
/// A matrix may also stand as the kernels read it (`in_panels`; simd::PackedWeights describes the layout). Only they
/// can: number(), scale() and copy_to() are for the plain layout.
struct WeightTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<Index> shape;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
  std::shared_ptr<const std::vector<float>> scales = {};
  bool in_panels = false;
  std::shared_ptr<const std::vector<float>> sums = {};  ///< integers in panels: of each row's weights

  bool is_quantized() const noexcept { return scales != nullptr; }
  /// Of a quantized matrix: the integer of flat index `at`.
  int number(Index at) const noexcept {
    if (dtype == DType::kI8) return static_cast<std::int8_t>(data[at]);
    const int byte = std::to_integer<int>(data[at / 2]);
    return (at % 2 == 0 ? byte & 15 : byte >> 4) - 8;
  }
  /// Of a quantized matrix: the scale at (row, column).
  float scale(Index row, Index column) const noexcept {
    const Index columns_a_scale = dtype == DType::kI8 ? size() / shape[0] : kScaleGroup;
    return (*scales)[static_cast<std::size_t>((row * (size() / shape[0]) + column) / columns_a_scale)];
  }

  /// Number of elements.
  Index size() const noexcept {
    Index product = 1;
    for (const Index extent : shape) product *= extent;
    return product;
  }

  /// Converts all elements to S (float or double) at `out` [size()], aligned as S, not overlapping `data`.
  /// @throws Error kUnsupported in_panels
  template <class S>
  void copy_to(S* out) const;
};

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

}  // namespace detail

template <class S>
void WeightTensor::copy_to(S* out) const {
  static_assert(std::is_floating_point_v<S>);
  const Index count = size();
  require(
      !in_panels, ErrorCode::kUnsupported, name,
      ": expected plain weights, actual packed ones, which only captioning reads: take the model they were made of");
  if (is_quantized()) {
    const Index columns = count / shape[0];
    for (Index i = 0; i < count; ++i) {
      out[i] = static_cast<S>(number(i)) * static_cast<S>(scale(i / columns, i % columns));
    }
    return;
  }
  switch (dtype) {
    case DType::kBool:
    case DType::kU8: return detail::convert_stored<std::uint8_t>(data, count, out);
    case DType::kI8: return detail::convert_stored<std::int8_t>(data, count, out);
    case DType::kU16: return detail::convert_stored<std::uint16_t>(data, count, out);
    case DType::kI16: return detail::convert_stored<std::int16_t>(data, count, out);
    case DType::kU32: return detail::convert_stored<std::uint32_t>(data, count, out);
    case DType::kI32: return detail::convert_stored<std::int32_t>(data, count, out);
    case DType::kU64: return detail::convert_stored<std::uint64_t>(data, count, out);
    case DType::kI64: return detail::convert_stored<std::int64_t>(data, count, out);
    case DType::kF16: return detail::convert_stored<float16>(data, count, out);
    case DType::kBF16: return detail::convert_stored<bfloat16>(data, count, out);
    case DType::kF32: return detail::convert_stored<float>(data, count, out);
    case DType::kF64: return detail::convert_stored<double>(data, count, out);
  }
}

/// Tensors by name. Reading from several threads at once is allowed.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  /// The file or folder, for messages.
  virtual std::string where() const = 0;
  /// All names, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// nullptr when there is no such tensor. Valid as long as the source.
  virtual const TensorInfo* find(const std::string& name) const = 0;
  /// @throws Error kMissingTensor, kUnsupported (a dtype that can only be listed), kFileAccess.
  virtual WeightTensor read(const std::string& name) const = 0;

  /// As find(). @throws Error kMissingTensor.
  const TensorInfo& info(const std::string& name) const {
    const TensorInfo* found = find(name);
    require(found != nullptr, ErrorCode::kMissingTensor, where(), ": ", name, ": expected a tensor, actual none");
    return *found;
  }
};

/// Tensors held in memory, for tests and for models that are initialised rather than loaded.
class MemorySource final : public TensorSource {
 public:
  /// Adds an F32 tensor, replacing one of that name. @throws Error kInvalidArgument unless `values` fills `shape`.
  void add(const std::string& name, std::vector<Index> shape, std::vector<float> values) {
    const auto buffer = std::make_shared<const std::vector<float>>(std::move(values));
    WeightTensor tensor{name, DType::kF32, std::move(shape), reinterpret_cast<const std::byte*>(buffer->data()),
                        buffer};
    require(tensor.size() == static_cast<Index>(buffer->size()), ErrorCode::kInvalidArgument, name, ": expected ",
            tensor.size(), " values for ", shape_text(tensor.shape), ", actual ", buffer->size());
    add(std::move(tensor));
  }

  /// Adds a tensor of any dtype, replacing one of that name.
  void add(WeightTensor tensor) {
    TensorInfo info{tensor.name, to_string(tensor.dtype), tensor.dtype, tensor.shape, 0, 0};
    info.end = static_cast<std::uint64_t>(tensor.size() * size_of(tensor.dtype));
    tensors_.insert_or_assign(info.name, Entry{info, std::move(tensor)});
  }

  std::string where() const override { return "memory"; }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const auto& entry : tensors_) result.push_back(entry.first);
    return result;
  }
  const TensorInfo* find(const std::string& name) const override {
    const auto entry = tensors_.find(name);
    return entry == tensors_.end() ? nullptr : &entry->second.info;
  }
  WeightTensor read(const std::string& name) const override {
    info(name);
    return tensors_.at(name).tensor;
  }

 private:
  struct Entry {
    TensorInfo info;
    WeightTensor tensor;
  };
  std::map<std::string, Entry> tensors_;
};

SHARPEYE_NAMESPACE_END
