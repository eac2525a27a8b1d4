#pragma once

/// @file
/// A TensorSource whose tensors are asked for by other names than its file has.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tensors of another source under new names. Errors of the loader use the new names; info() keeps the file's own
/// in `TensorInfo::name`.
class RenamedSource final : public TensorSource {
 public:
  /// @param rename gives a tensor's new name. @throws Error kFormat where two tensors get one name
  RenamedSource(std::shared_ptr<const TensorSource> source,
                const std::function<std::string(const std::string&)>& rename);

  std::string where() const override;
  std::vector<std::string> names() const override;
  const TensorInfo* find(const std::string& name) const override;
  StoredTensor read(const std::string& name) const override;

 private:
  std::shared_ptr<const TensorSource> source_;
  std::map<std::string, std::string> stored_names_;  // by new name
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/renamed_source.inl"
#endif
