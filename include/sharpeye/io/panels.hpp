#pragma once

/// @file
/// How a file holds matrices as the kernels read them, so that a mapped file needs no work at all.
///
/// Instead of `name` there is `name_panels`, the bytes of a simd::PackedWeights of that matrix [n, k], with k all
/// further dimensions together: F32, F16 or BF16 [ceil(n / 16), k, 16]; 8-bit numbers as U8 [ceil(n / 16), ceil(k / 4),
/// 64] beside their scales, the tensor `name_scale` F32 [n]; 4-bit numbers with their scales as U8 [ceil(n / 16), k /
/// 32, 288]. Beside integers stand the sums of each row's weights, `name_sums` F32 [n].

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What follows the name of a matrix in that of its panels, and in that of the sums of its rows.
inline constexpr const char* kPanelsSuffix = "_panels";
inline constexpr const char* kSumsSuffix = "_sums";
/// What is added to 8-bit numbers in panels, and the bytes of a group of 4-bit ones.
inline constexpr int kPanelByteOffset = 64;
inline constexpr Index kPanelColumns = 16, kPanelGroupBytes = 288;

/// Whether a tensor of this name holds panels.
inline bool is_panels_name(const std::string& name) {
  const std::string suffix = kPanelsSuffix;
  return name.size() > suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// Whether the source has this matrix in panels only.
inline bool is_packed(const TensorSource& source, const std::string& name) {
  return source.find(name) == nullptr && source.find(name + kPanelsSuffix) != nullptr;
}

/// @throws Error kUnsupported where the source has packed matrices: for those who change weights.
inline void require_plain(const TensorSource& source) {
  for (const std::string& name : source.names()) {
    require(
        !is_panels_name(name), ErrorCode::kUnsupported, source.where(), ": ", name,
        ": expected plain weights, actual packed ones, which only captioning reads: take the model they were made of");
  }
}

/// [n, k] of a matrix: k is what its further dimensions have together.
inline std::pair<Index, Index> matrix_extents(const std::vector<Index>& shape) {
  Index columns = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) columns *= shape[i];
  return {shape.empty() ? 1 : shape[0], columns};
}

/// The stored form of a matrix [n, k] of this kind (I8 and U8 as in WeightTensor); nothing for a kind that cannot be.
inline std::optional<TensorDeclaration> panels_declaration(const std::string& name, DType dtype, Index n, Index k) {
  const std::string stored = name + kPanelsSuffix;
  const Index panels = (n + kPanelColumns - 1) / kPanelColumns;
  switch (dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16: return TensorDeclaration{stored, dtype, {panels, k, kPanelColumns}};
    case DType::kI8: return TensorDeclaration{stored, DType::kU8, {panels, (k + 3) / 4, 4 * kPanelColumns}};
    case DType::kU8:
      if (k % kScaleGroup != 0) return std::nullopt;
      return TensorDeclaration{stored, dtype, {panels, k / kScaleGroup, kPanelGroupBytes}};
    default: return std::nullopt;
  }
}

SHARPEYE_NAMESPACE_END
