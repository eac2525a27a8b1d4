#pragma once

/// @file
/// Binding of weights by name: `weights / "self_attn" / "q_proj"` is a place in a checkpoint, get() a checked tensor.

#include <string>
#include <vector>

#include "sharpeye/formats/weight_tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

class WeightLoader;

/// A dotted path in a checkpoint; cheap to copy. It must not outlive its loader.
class WeightScope {
 public:
  WeightScope(WeightLoader& loader, std::string prefix);

  /// The scope `prefix.name`.
  WeightScope operator/(const std::string& name) const;
  /// The scope `prefix.index`, for lists of layers.
  WeightScope operator/(Index index) const;

  /// The tensor `prefix.name`, checked, see WeightLoader::get().
  WeightTensor get(const std::string& name, const std::vector<Index>& shape) const;
  /// Whether there is a tensor `prefix.name`.
  bool has(const std::string& name) const;

  /// The full name of `name` in this scope.
  std::string path(const std::string& name) const;

 private:
  WeightLoader* loader_;
  std::string prefix_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/weight_scope.inl"
#endif
