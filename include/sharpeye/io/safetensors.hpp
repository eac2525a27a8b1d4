#pragma once

/// @file
/// Tensors of a safetensors file, read on demand.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/core/pages.hpp"
#include "sharpeye/io/load_mode.hpp"
#include "sharpeye/io/safetensors_header.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// One safetensors file. Opening it reads and checks the header only.
class SafetensorsFile final : public TensorSource {
 public:
  /// @throws Error kFileNotFound, kFileAccess, kFormat or kLimit.
  explicit SafetensorsFile(const std::string& path, LoadMode mode = LoadMode::kRead)
      : file_(path), header_(read_header(file_)) {
    if (mode == LoadMode::kMap) mapping_ = std::make_shared<const FileMapping>(file_);
  }

  std::string where() const override { return file_.path(); }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const TensorInfo& tensor : header_.tensors) result.push_back(tensor.name);
    return result;
  }
  const TensorInfo* find(const std::string& name) const override {
    const auto tensor =
        std::lower_bound(header_.tensors.begin(), header_.tensors.end(), name,
                         [](const TensorInfo& info, const std::string& key) { return info.name < key; });
    return tensor != header_.tensors.end() && tensor->name == name ? &*tensor : nullptr;
  }
  StoredTensor read(const std::string& name) const override { return read_into(name, allocate_pages); }
  StoredTensor read_into(const std::string& name, const TensorMemory& memory) const override {
    const TensorInfo& tensor = info(name);
    require(tensor.dtype.has_value(), ErrorCode::kUnsupported, where(), ": ", name,
            ": expected a dtype of 8 to 64 bits from BOOL, U, I, F and BF16, actual ", tensor.dtype_name);
    StoredTensor result{name, *tensor.dtype, tensor.shape, nullptr, nullptr};
    if (mapping_) {
      result.data = mapping_->data() + header_.data_begin + tensor.begin;
      result.owner = mapping_;
      return result;
    }
    const auto size = static_cast<std::size_t>(tensor.end - tensor.begin);
    const std::shared_ptr<void> buffer = memory(size);
    file_.read_at(header_.data_begin + tensor.begin, buffer.get(), size);
    result.data = static_cast<const std::byte*>(buffer.get());
    result.owner = buffer;
    return result;
  }

  /// Everything the header says.
  const SafetensorsHeader& header() const noexcept { return header_; }

 private:
  static SafetensorsHeader read_header(const File& file) {
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(4096, file.size())), '\0');
    file.read_at(0, bytes.data(), bytes.size());
    const auto front = std::min(bytes.size(), std::size_t{8});
    bytes.resize(static_cast<std::size_t>(safetensors_header_end(bytes, file.size(), file.path())));
    file.read_at(front, bytes.data() + front, bytes.size() - front);
    return parse_safetensors_header(bytes, file.size(), file.path());
  }

  File file_;
  SafetensorsHeader header_;
  std::shared_ptr<const FileMapping> mapping_;
};

SHARPEYE_NAMESPACE_END
