#pragma once

/// @file
/// Binding of weights by name: `weights / "self_attn" / "q_proj"` is a place in a checkpoint, get() a checked tensor.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/pages.hpp"
#include "sharpeye/core/types.hpp"
#include "sharpeye/io/panels.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Index of the first of `count` floating-point Words whose magnitude (the bits below the sign) is at least `limit`,
/// or -1. Adding 2^(bits-1) - limit carries into the sign bit exactly for those, so one OR per block decides.
template <class Word>
Index first_at_least(const std::byte* data, Index count, Word limit) noexcept {
  constexpr Index kBlock = 2048;  // a fixed length lets compilers vectorise without a remainder
  constexpr Word kSign = static_cast<Word>(Word{1} << (sizeof(Word) * 8 - 1));
  const Word offset = static_cast<Word>(kSign - limit);
  Word words[kBlock] = {};
  for (Index begin = 0; begin < count; begin += kBlock) {
    const Index length = std::min(kBlock, count - begin);
    std::memcpy(words, data + begin * static_cast<Index>(sizeof(Word)),
                static_cast<std::size_t>(length) * sizeof(Word));
    if (length < kBlock) std::fill(words + length, words + kBlock, Word{0});
    Word seen = 0;
    for (Index i = 0; i < kBlock; ++i) {
      seen = static_cast<Word>(seen | static_cast<Word>(static_cast<Word>(words[i] & ~kSign) + offset));
    }
    if ((seen & kSign) == 0) continue;
    const auto bad = std::find_if(words, words + length, [&](Word word) { return (word & ~kSign) >= limit; });
    return begin + (bad - words);
  }
  return -1;
}

}  // namespace detail

/// Flat index of the first element that is NaN, infinite, or (F64) too large for a float; -1 when there is none.
/// Integer tensors have none. One pass over the bits.
inline Index find_non_finite(const WeightTensor& tensor) noexcept {
  const Index count = tensor.size();
  switch (tensor.dtype) {
    case DType::kF16: return detail::first_at_least<std::uint16_t>(tensor.data, count, 0x7c00);
    case DType::kBF16: return detail::first_at_least<std::uint16_t>(tensor.data, count, 0x7f80);
    case DType::kF32: return detail::first_at_least<std::uint32_t>(tensor.data, count, 0x7f800000);
    case DType::kF64:  // the smallest double that rounds to an infinite float
      return detail::first_at_least<std::uint64_t>(tensor.data, count, 0x47effffff0000000);
    default: return -1;
  }
}

class WeightScope;

/// What follows a quantized tensor's name in that of its scales.
inline constexpr const char* kScaleSuffix = "_scale";

/// Choices of a WeightLoader.
struct WeightOptions {
  bool allow_non_finite = false;  ///< accept NaN and infinite weights
  bool trust_panels = false;      ///< do not look at the elements of packed matrices
};

/// Hands out checked tensors of a source and remembers which ones were read. One thread at a time; it must outlive its
/// scopes (the tensors live on without it).
class WeightLoader {
 public:
  explicit WeightLoader(std::shared_ptr<const TensorSource> source, WeightOptions options = {})
      : source_(std::move(source)), options_(options), names_(source_->names()) {}
  WeightLoader(const WeightLoader&) = delete;
  WeightLoader& operator=(const WeightLoader&) = delete;
  virtual ~WeightLoader() = default;

  /// The scope of everything below `prefix`, a dotted path; all tensors when it is empty.
  WeightScope root(std::string prefix = "");

  /// Whether there is a tensor of this name or below this dotted path.
  bool has_prefix(const std::string& prefix) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) { return is_below(name, prefix); });
  }

  /// The tensor of this full name; counts as read. A matrix may also be quantized, see WeightTensor: I8 [n, k] or U8
  /// [n, k / 2] with a tensor `name`_scale [n] or [n, k / 32]; or packed, see panels.hpp.
  /// @throws Error kMissingTensor; kShape when shape or kind (F16, BF16, F32, F64) differ; kNotFinite; as the source.
  virtual WeightTensor get(const std::string& name, const std::vector<Index>& shape) {
    if (is_packed(*source_, name)) return get_panels(name, shape);
    const TensorInfo& info = source_->info(name);
    const auto where = [&] { return source_->where() + ": " + name; };
    if (source_->find(name + kScaleSuffix) != nullptr) return get_quantized(info, shape);
    if (info.shape != shape) {
      fail(ErrorCode::kShape, where(), ": expected ", shape_text(shape), ", file has ", shape_text(info.shape));
    }
    if (info.dtype != DType::kF16 && info.dtype != DType::kBF16 && info.dtype != DType::kF32 &&
        info.dtype != DType::kF64) {
      fail(ErrorCode::kShape, where(), ": expected dtype F16, BF16, F32 or F64, file has ", info.dtype_name);
    }
    WeightTensor tensor = source_->read(name);
    check_finite(tensor);
    read_.insert(name);
    return tensor;
  }

  /// Checks that nothing in the file was overlooked.
  /// @param ignored dotted paths of tensors that the model does not use.
  /// @throws Error kUnreadTensor naming up to five tensors and how many there are.
  void require_all_read(const std::vector<std::string>& ignored = {}) const {
    std::string listed;
    Index count = 0;
    for (const std::string& name : names_) {
      const bool skip = read_.count(name) != 0 || std::any_of(ignored.begin(), ignored.end(),
                                                              [&](const auto& path) { return is_below(name, path); });
      if (!skip && ++count <= 5) listed += (count > 1 ? ", " : "") + name;
    }
    require(count == 0, ErrorCode::kUnreadTensor, source_->where(), ": expected every tensor to be read, actual ",
            count, " unread: ", listed, count > 5 ? ", ..." : "");
  }

  const TensorSource& source() const noexcept { return *source_; }

 private:
  static bool is_below(const std::string& name, const std::string& path) {
    return path.empty() ||
           (name.compare(0, path.size(), path) == 0 && (name.size() == path.size() || name[path.size()] == '.'));
  }

  void check_finite(const WeightTensor& tensor) const {
    const Index bad = options_.allow_non_finite ? -1 : find_non_finite(tensor);
    if (bad < 0) return;
    WeightTensor element{tensor.name, tensor.dtype, {}, tensor.data + bad * size_of(tensor.dtype), tensor.owner};
    double value;
    element.copy_to(&value);
    fail(ErrorCode::kNotFinite, source_->where(), ": ", tensor.name, ": expected finite weights, element ", bad, " is ",
         value);
  }

  // What stands beside a matrix; not a tensor that a model asks for.
  std::shared_ptr<const std::vector<float>> get_beside(const std::string& name, const std::vector<Index>& shape) {
    const WeightTensor tensor = WeightLoader::get(name, shape);
    const auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(values->data());
    return values;
  }

  // Larger numbers would overflow where two products are summed in 16 bits.
  void check_range(const WeightTensor& tensor, int offset) const {
    const auto number = [&](std::byte byte) {
      return offset == 0 ? int{static_cast<std::int8_t>(byte)} : std::to_integer<int>(byte) - offset;
    };
    const std::byte* end = tensor.data + tensor.size();
    const std::byte* large = std::find_if(tensor.data, end, [&](std::byte byte) {
      return number(byte) > kLargestByteWeight || number(byte) < -kLargestByteWeight;
    });
    require(large == end, ErrorCode::kFormat, source_->where(), ": ", tensor.name, ": expected numbers of at most ",
            kLargestByteWeight, ", element ", large - tensor.data, " is ", large == end ? 0 : number(*large));
  }

  // The scales that stand in the panels of 4-bit numbers.
  void check_group_scales(const WeightTensor& tensor) const {
    for (Index at = 0; at < tensor.size(); at += kPanelGroupBytes) {
      check_finite({tensor.name, DType::kF16, {kPanelColumns}, tensor.data + at, tensor.owner});
    }
  }

  // Kernels read panels as they stand. Ours begin on a cache line; a file by someone else may begin anywhere.
  static WeightTensor aligned(WeightTensor tensor) {
    constexpr std::uintptr_t kAlignment = 64;
    if (reinterpret_cast<std::uintptr_t>(tensor.data) % kAlignment == 0) return tensor;
    const auto bytes = static_cast<std::size_t>(tensor.size() * size_of(tensor.dtype));
    const std::shared_ptr<void> copy = allocate_pages(bytes);
    std::memcpy(copy.get(), tensor.data, bytes);
    tensor.data = static_cast<const std::byte*>(copy.get());
    tensor.owner = copy;
    return tensor;
  }

  WeightTensor get_panels(const std::string& name, const std::vector<Index>& shape) {
    const TensorInfo& info = source_->info(name + kPanelsSuffix);
    const bool has_scales = source_->find(name + kScaleSuffix) != nullptr;
    const auto [rows, columns] = matrix_extents(shape);
    const DType dtype = has_scales ? DType::kI8 : info.dtype.value_or(DType::kBool);
    const auto stored = panels_declaration(name, dtype, rows, columns);
    require(stored.has_value(), ErrorCode::kShape, source_->where(), ": ", info.name,
            ": expected F32, F16, BF16 or U8 (4 bits: in rows of whole groups of ", kScaleGroup, ") for ",
            shape_text(shape), ", file has ", info.dtype_name);
    require(info.dtype == stored->dtype && info.shape == stored->shape, ErrorCode::kShape, source_->where(), ": ",
            info.name, ": expected ", shape_text(shape), " in panels, as ", to_string(stored->dtype), " ",
            shape_text(stored->shape), ", file has ", info.dtype_name, " ", shape_text(info.shape));
    WeightTensor tensor = aligned(source_->read(info.name));
    if (!options_.trust_panels) {
      check_finite(tensor);
      if (dtype == DType::kI8) check_range(tensor, kPanelByteOffset);
      if (dtype == DType::kU8) check_group_scales(tensor);
    }
    if (has_scales) tensor.scales = get_beside(name + kScaleSuffix, {rows});
    if (stored->dtype == DType::kU8) tensor.sums = get_beside(name + kSumsSuffix, {rows});
    tensor.name = name;
    tensor.dtype = dtype;
    tensor.shape = shape;
    tensor.in_panels = true;
    read_.insert(info.name);
    return tensor;
  }

  WeightTensor get_quantized(const TensorInfo& info, const std::vector<Index>& shape) {
    const auto where = [&] { return source_->where() + ": " + info.name; };
    const auto [rows, columns] = matrix_extents(shape);
    const bool is_bytes = info.dtype == DType::kI8;
    require(is_bytes || info.dtype == DType::kU8, ErrorCode::kShape, where(),
            ": expected dtype I8 or U8 beside its scales, file has ", info.dtype_name);
    require(is_bytes || columns % kScaleGroup == 0, ErrorCode::kShape, where(), ": expected rows of whole groups of ",
            kScaleGroup, " 4-bit numbers, actual ", columns);
    const std::vector<Index> stored = is_bytes ? shape : std::vector<Index>{rows, columns / 2};
    require(info.shape == stored, ErrorCode::kShape, where(), ": expected ", shape_text(stored), ", file has ",
            shape_text(info.shape));
    WeightTensor tensor = source_->read(info.name);
    if (is_bytes) check_range(tensor, 0);
    tensor.shape = shape;
    tensor.scales = get_beside(info.name + kScaleSuffix,
                               is_bytes ? std::vector<Index>{rows} : std::vector<Index>{rows, columns / kScaleGroup});
    read_.insert(info.name);
    return tensor;
  }

  std::shared_ptr<const TensorSource> source_;
  WeightOptions options_;
  std::vector<std::string> names_;
  std::set<std::string> read_;
};

/// A dotted path in a checkpoint; cheap to copy.
class WeightScope {
 public:
  WeightScope(WeightLoader& loader, std::string prefix) : loader_(&loader), prefix_(std::move(prefix)) {}

  /// The scope `prefix.name`.
  WeightScope operator/(const std::string& name) const { return WeightScope(*loader_, path(name)); }
  /// The scope `prefix.index`, for lists of layers.
  WeightScope operator/(Index index) const { return *this / std::to_string(index); }

  /// The tensor `prefix.name`, checked, see WeightLoader::get().
  WeightTensor get(const std::string& name, const std::vector<Index>& shape) const {
    return loader_->get(path(name), shape);
  }
  /// Whether there is a tensor `prefix.name`.
  bool has(const std::string& name) const {
    return loader_->source().find(path(name)) != nullptr || is_packed(loader_->source(), path(name));
  }

  /// The full name of `name` in this scope.
  std::string path(const std::string& name) const { return prefix_.empty() ? name : prefix_ + "." + name; }

 private:
  WeightLoader* loader_;
  std::string prefix_;
};

inline WeightScope WeightLoader::root(std::string prefix) {
  return WeightScope(*this, std::move(prefix));
}

SHARPEYE_NAMESPACE_END
