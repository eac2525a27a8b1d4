#pragma once

/// @file
/// Sources made of other sources: tensors under other names than the file has, and several sources as one.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tensors of another source, or some of them, under new names. Errors of the loader use the new names; info()
/// keeps the file's own in `TensorInfo::name`.
class RenamedSource final : public TensorSource {
 public:
  /// @param rename gives a tensor's new name, or an empty one to leave it out. @throws Error kFormat where two tensors
  /// get one name
  RenamedSource(std::shared_ptr<const TensorSource> source,
                const std::function<std::string(const std::string&)>& rename);

  std::string where() const override;
  std::vector<std::string> names() const override;
  const TensorInfo* find(const std::string& name) const override;
  StoredTensor read(const std::string& name) const override;
  StoredTensor read_into(const std::string& name, const TensorMemory& memory) const override;

 private:
  std::shared_ptr<const TensorSource> source_;
  std::map<std::string, std::string> stored_names_;  // by new name
};

/// The tensors of several sources as those of one.
class JoinedSource final : public TensorSource {
 public:
  /// @param where names it in messages. @throws Error kFormat for a name that two sources have
  JoinedSource(const std::vector<std::shared_ptr<const TensorSource>>& sources, std::string where);

  std::string where() const override { return where_; }
  std::vector<std::string> names() const override;
  const TensorInfo* find(const std::string& name) const override;
  StoredTensor read(const std::string& name) const override;
  StoredTensor read_into(const std::string& name, const TensorMemory& memory) const override;

 private:
  std::map<std::string, std::shared_ptr<const TensorSource>> sources_;  // by name of the tensor
  std::string where_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/renamed_source.inl"
#endif
