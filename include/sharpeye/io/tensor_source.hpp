#pragma once

/// @file
/// Named tensors: what a checkpoint offers (TensorSource), and a source in memory for tests and freshly initialised
/// models.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/io/stored_tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a source says about a tensor without reading it.
struct TensorInfo {
  std::string name;
  std::string_view dtype_name;  ///< as in safetensors, for example "F8_E4M3"; static storage
  std::optional<DType> dtype;   ///< empty for kinds that can be listed but not read (F8, F6, F4, C64)
  std::vector<Index> shape;     ///< row-major; [] is a scalar
  std::uint64_t begin = 0;      ///< bytes [begin, end) of the source's data section
  std::uint64_t end = 0;
};

/// Where elements that must be copied may go: at least so many bytes, 64-byte aligned.
using TensorMemory = std::function<std::shared_ptr<void>(std::size_t bytes)>;

/// Tensors by name. Reading from several threads at once is allowed.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  /// The file or folder, for messages.
  virtual std::string where() const = 0;
  /// All names, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// nullptr when there is no such tensor. Valid as long as the source.
  virtual const TensorInfo* find(const std::string& name) const = 0;
  /// @throws Error kMissingTensor, kUnsupported (a dtype that can only be listed), kFileAccess.
  virtual StoredTensor read(const std::string& name) const = 0;
  /// As read(), into memory of the caller's choice where the source has the elements not in memory yet.
  virtual StoredTensor read_into(const std::string& name, const TensorMemory&) const { return read(name); }

  /// As find(). @throws Error kMissingTensor.
  const TensorInfo& info(const std::string& name) const;
};

/// Tensors held in memory, for tests and for models that are initialised rather than loaded.
class MemorySource final : public TensorSource {
 public:
  /// Adds an F32 tensor, replacing one of that name. @throws Error kInvalidArgument unless `values` fills `shape`.
  void add(const std::string& name, std::vector<Index> shape, std::vector<float> values);
  /// Adds a tensor of any dtype, replacing one of that name.
  void add(StoredTensor tensor);

  std::string where() const override { return "memory"; }
  std::vector<std::string> names() const override;
  const TensorInfo* find(const std::string& name) const override;
  StoredTensor read(const std::string& name) const override;

 private:
  struct Entry {
    TensorInfo info;
    StoredTensor tensor;
  };
  std::map<std::string, Entry> tensors_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/tensor_source.inl"
#endif
