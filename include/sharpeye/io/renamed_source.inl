#pragma once

/// @file
/// Bodies of renamed_source.hpp.

#include "sharpeye/io/renamed_source.hpp"

#include <utility>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY RenamedSource::RenamedSource(std::shared_ptr<const TensorSource> source,
                                           const std::function<std::string(const std::string&)>& rename)
    : source_(std::move(source)) {
  for (const std::string& name : source_->names()) {
    std::string new_name = rename(name);
    if (new_name.empty()) continue;
    const auto [entry, is_new] = stored_names_.emplace(std::move(new_name), name);
    require(is_new, ErrorCode::kFormat, source_->where(), ": ", entry->first, ": expected one tensor, actual ",
            entry->second, " and ", name);
  }
}

SHARPEYE_BODY std::string RenamedSource::where() const {
  return source_->where();
}

SHARPEYE_BODY std::vector<std::string> RenamedSource::names() const {
  std::vector<std::string> result;
  for (const auto& entry : stored_names_) result.push_back(entry.first);
  return result;
}

SHARPEYE_BODY const TensorInfo* RenamedSource::find(const std::string& name) const {
  const auto entry = stored_names_.find(name);
  return entry == stored_names_.end() ? nullptr : source_->find(entry->second);
}

SHARPEYE_BODY StoredTensor RenamedSource::read(const std::string& name) const {
  info(name);
  StoredTensor tensor = source_->read(stored_names_.at(name));
  tensor.name = name;
  return tensor;
}

SHARPEYE_BODY StoredTensor RenamedSource::read_into(const std::string& name, const TensorMemory& memory) const {
  info(name);
  StoredTensor tensor = source_->read_into(stored_names_.at(name), memory);
  tensor.name = name;
  return tensor;
}

SHARPEYE_BODY JoinedSource::JoinedSource(const std::vector<std::shared_ptr<const TensorSource>>& sources,
                                         std::string where)
    : where_(std::move(where)) {
  for (const auto& source : sources) {
    for (const std::string& name : source->names()) {
      const auto [entry, is_new] = sources_.emplace(name, source);
      require(is_new, ErrorCode::kFormat, where_, ": ", name, ": expected in one file, actual in ",
              entry->second->where(), " and ", source->where());
    }
  }
}

SHARPEYE_BODY std::vector<std::string> JoinedSource::names() const {
  std::vector<std::string> result;
  for (const auto& entry : sources_) result.push_back(entry.first);
  return result;
}

SHARPEYE_BODY const TensorInfo* JoinedSource::find(const std::string& name) const {
  const auto entry = sources_.find(name);
  return entry == sources_.end() ? nullptr : entry->second->find(name);
}

SHARPEYE_BODY StoredTensor JoinedSource::read(const std::string& name) const {
  info(name);
  return sources_.at(name)->read(name);
}

SHARPEYE_BODY StoredTensor JoinedSource::read_into(const std::string& name, const TensorMemory& memory) const {
  info(name);
  return sources_.at(name)->read_into(name, memory);
}

SHARPEYE_NAMESPACE_END
