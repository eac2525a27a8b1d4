#pragma once

/// @file
/// The concept of a weight format. To add one: its WeightFormat in core/types.hpp, a file beside this one,
/// and a line in the list of codecs.inl (and kernels, where none of those in simd/ can compute with it).

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/io/stored_tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct WeightTensor;

/// What follows a matrix' name in those of its scales and of the sums of its rows. (kPanelsSuffix: of its panels.)
inline constexpr const char* kScaleSuffix = "_scale";
inline constexpr const char* kSumsSuffix = "_sums";

/// [n, k] of a weight: n is its first extent, k the product of the others (3 * p * p of a patch embedding).
inline std::pair<Index, Index> matrix_extents(const std::vector<Index>& shape) {
  if (shape.empty()) return {1, 1};
  return {shape[0], shape[0] == 0 ? 0 : num_elements(shape) / shape[0]};
}

/// The tensors that hold a weight in a file: its elements, and the floats that stand beside them.
struct WeightLayout {
  TensorDeclaration elements;
  std::optional<TensorDeclaration> scales = {}, sums = {};
};

/// One weight format: its layouts, how numbers get in and out, and what is checked. The objects are constants without
/// state; codecs.hpp lists them.
///
/// A file holds a weight in one of two layouts. In rows: under its own name, row-major, in the shape that the model
/// asks for where an element takes whole bytes. In panels: a matrix as the kernels read it (simd::PackedWeights), under
/// its name and kPanelsSuffix, so that a mapped file needs no work at all.
class WeightCodec {
 public:
  /// As users write it, for example "int8".
  virtual const char* name() const noexcept = 0;
  /// What the kernels compute with: that of the panels.
  virtual WeightFormat kernel_format() const noexcept = 0;
  /// Of one element, without its share of a scale.
  virtual int bits() const noexcept = 0;
  /// A row of a matrix must be a whole number of groups of this size.
  virtual Index group() const noexcept { return 1; }

  /// A weight of this name and shape in rows.
  virtual WeightLayout rows_layout(const std::string& name, const std::vector<Index>& shape) const = 0;
  /// A matrix in panels; its elements are named name + kPanelsSuffix.
  virtual WeightLayout panels_layout(const std::string& name, const std::vector<Index>& shape) const = 0;

  /// Floats as this format: the tensors of rows_layout(), elements first. What it may expect: can_hold(shape), and
  /// finite values if has_scales().
  virtual std::vector<StoredTensor> encode(const std::string& name, const std::vector<Index>& shape,
                                           const std::vector<float>& values) const = 0;
  /// The numbers of a weight in rows: `out` [tensor.size()].
  virtual void decode(const WeightTensor& tensor, float* out) const = 0;
  virtual void decode(const WeightTensor& tensor, double* out) const = 0;

  /// Checks each element that was read from a file.
  /// @param where the file, for messages. @throws Error kNotFinite (unless allowed), kFormat (out of range)
  virtual void check_rows(const StoredTensor& elements, const std::string& where, bool allow_non_finite) const = 0;
  virtual void check_panels(const StoredTensor& elements, const std::string& where, bool allow_non_finite) const = 0;

  /// Packs rows [first, first + count) of a matrix in rows, beginning and ending with whole panels or the matrix, into
  /// `panels`, simd::PackedWeights::bytes() of kernel_format() for so many rows.
  /// @param sums [count] receives the sum of each row's weights, if has_scales()
  virtual void pack(const WeightTensor& tensor, Index first, Index count, void* panels, float* sums) const = 0;

  /// Of the elements in rows.
  DType dtype() const { return rows_layout({}, {}).elements.dtype; }
  /// Whether the elements are integers, which mean something with their scales only. Vectors are never stored so.
  bool has_scales() const { return rows_layout({}, {}).scales.has_value(); }
  /// Whether a weight of this shape can be stored so.
  bool can_hold(const std::vector<Index>& shape) const { return matrix_extents(shape).second % group() == 0; }

 protected:
  ~WeightCodec() = default;
};

SHARPEYE_NAMESPACE_END
