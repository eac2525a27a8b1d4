#pragma once

/// @file
/// Bodies of weight_scope.hpp.

#include "sharpeye/formats/weight_scope.hpp"

#include <utility>

#include "sharpeye/formats/weight_loader.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY WeightScope::WeightScope(WeightLoader& loader, std::string prefix)
    : loader_(&loader), prefix_(std::move(prefix)) {}

SHARPEYE_BODY WeightScope WeightScope::operator/(const std::string& name) const {
  return WeightScope(*loader_, path(name));
}
SHARPEYE_BODY WeightScope WeightScope::operator/(Index index) const {
  return *this / std::to_string(index);
}

SHARPEYE_BODY WeightTensor WeightScope::get(const std::string& name, const std::vector<Index>& shape) const {
  return loader_->get(path(name), shape);
}
SHARPEYE_BODY bool WeightScope::has(const std::string& name) const {
  return loader_->has(path(name));
}

SHARPEYE_BODY std::string WeightScope::path(const std::string& name) const {
  return prefix_.empty() ? name : prefix_ + "." + name;
}

SHARPEYE_NAMESPACE_END
