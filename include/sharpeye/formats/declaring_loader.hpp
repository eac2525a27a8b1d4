#pragma once

/// @file
/// The tensors that a model asks for, without a file.

#include <memory>
#include <string>
#include <vector>

#include "sharpeye/formats/weight_loader.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A loader that has every tensor asked for, without elements, and remembers the requests.
class DeclaringLoader final : public WeightLoader {
 public:
  DeclaringLoader() : WeightLoader(std::make_shared<MemorySource>()) {}

  WeightTensor get(const std::string& name, const std::vector<Index>& shape) override {
    declared_.push_back({name, DType::kF32, shape});
    return StoredTensor{name, DType::kF32, shape, nullptr, nullptr};
  }

  /// Name and shape of each tensor, in the order of the requests.
  const std::vector<TensorDeclaration>& declared() const { return declared_; }

 private:
  std::vector<TensorDeclaration> declared_;
};

SHARPEYE_NAMESPACE_END
