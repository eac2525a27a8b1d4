#pragma once

/// @file
/// A model's weights as the kernels read them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/formats/weight_loader.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Hands out a model's weights and keeps each as a file holds it for mapping: matrices in panels, vectors as they are.
/// Construct a model from it; what the model asks for is what is packed.
class PackingLoader final : public WeightLoader {
 public:
  /// @param is_cancelled is asked before each tensor
  explicit PackingLoader(std::shared_ptr<const TensorSource> source, std::function<bool()> is_cancelled = {});

  /// @throws Error also kCancelled
  WeightTensor get(const std::string& name, const std::vector<Index>& shape) override;

  const MemorySource& packed() const noexcept { return packed_; }

 private:
  std::function<bool()> is_cancelled_;
  MemorySource packed_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/packing_loader.inl"
#endif
