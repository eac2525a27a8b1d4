#pragma once

/// @file
/// A checked weight, in any format.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/core/pages.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/formats/weight_codec.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a loader may hand along with a weight: the base of what training keeps of it (training::Parameter).
struct WeightCompanion {
  virtual ~WeightCompanion() = default;
};

/// A vector or a matrix in a weight format. The data may be unaligned; it lives as long as `owner` does.
struct WeightTensor {
  using Floats = std::shared_ptr<const std::vector<float>>;

  std::string name;
  std::vector<Index> shape;            ///< of the weight; what is stored may have another
  const WeightCodec* codec = nullptr;  ///< how `data` holds it
  bool in_panels = false;              ///< laid out for the kernels, which alone can read it
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
  Floats scales, sums;                               ///< what stands beside the elements, where the layout has it
  std::shared_ptr<const WeightCompanion> companion;  ///< null in the loaders of this room
  std::shared_ptr<LastingPages> pages;               ///< for a copy in panels; null: pages of its own
  ThreadPool* pool = nullptr;                        ///< that makes it; null: the calling thread alone

  WeightTensor() = default;
  /// A tensor of floats is a weight as it is.
  /// @throws Error kShape for other kinds
  WeightTensor(StoredTensor tensor);

  /// Number of elements.
  Index size() const noexcept { return num_elements(shape); }
  bool is_quantized() const noexcept { return scales != nullptr; }

  /// Converts all elements to `out` [size()], which does not overlap `data`.
  /// @throws Error kUnsupported in_panels
  void copy_to(float* out) const;
  void copy_to(double* out) const;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/weight_tensor.inl"
#endif
