#pragma once

/// @file
/// A TensorSource whose tensors are asked for by other names than its file has.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tensors of another source under new names. Error messages about elements and shapes use the new names; info()
/// keeps the file's own in `TensorInfo::name`.
class RenamedSource final : public TensorSource {
 public:
  /// @param rename gives a tensor's new name. @throws Error kFormat where two tensors get one name
  RenamedSource(std::shared_ptr<const TensorSource> source,
                const std::function<std::string(const std::string&)>& rename)
      : source_(std::move(source)) {
    for (const std::string& name : source_->names()) {
      const auto [entry, is_new] = stored_names_.emplace(rename(name), name);
      require(is_new, ErrorCode::kFormat, source_->where(), ": ", entry->first, ": expected one tensor, actual ",
              entry->second, " and ", name);
    }
  }

  std::string where() const override { return source_->where(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const auto& entry : stored_names_) result.push_back(entry.first);
    return result;
  }
  const TensorInfo* find(const std::string& name) const override {
    const auto entry = stored_names_.find(name);
    return entry == stored_names_.end() ? nullptr : source_->find(entry->second);
  }
  StoredTensor read(const std::string& name) const override {
    info(name);
    StoredTensor tensor = source_->read(stored_names_.at(name));
    tensor.name = name;
    return tensor;
  }

 private:
  std::shared_ptr<const TensorSource> source_;
  std::map<std::string, std::string> stored_names_;  // by new name
};

SHARPEYE_NAMESPACE_END
