#pragma once

/// @file
/// Bodies of tensor_source.hpp.

#include "sharpeye/io/tensor_source.hpp"

#include <utility>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY const TensorInfo& TensorSource::info(const std::string& name) const {
  const TensorInfo* found = find(name);
  if (found == nullptr) {
    fail(ErrorCode::kMissingTensor, where(), ": ", name, ": expected a tensor, actual none");
  }
  return *found;
}

SHARPEYE_BODY void MemorySource::add(const std::string& name, std::vector<Index> shape, std::vector<float> values) {
  add(make_tensor(name, std::move(shape), std::move(values)));
}

SHARPEYE_BODY void MemorySource::add(StoredTensor tensor) {
  TensorInfo info{tensor.name, to_string(tensor.dtype), tensor.dtype, tensor.shape, 0, 0};
  info.end = static_cast<std::uint64_t>(tensor.bytes());
  tensors_.insert_or_assign(info.name, Entry{info, std::move(tensor)});
}

SHARPEYE_BODY std::vector<std::string> MemorySource::names() const {
  std::vector<std::string> result;
  for (const auto& entry : tensors_) result.push_back(entry.first);
  return result;
}

SHARPEYE_BODY const TensorInfo* MemorySource::find(const std::string& name) const {
  const auto entry = tensors_.find(name);
  return entry == tensors_.end() ? nullptr : &entry->second.info;
}

SHARPEYE_BODY StoredTensor MemorySource::read(const std::string& name) const {
  info(name);
  return tensors_.at(name).tensor;
}

SHARPEYE_NAMESPACE_END
