#pragma once

/// @file
/// The tensors of a model folder: model.safetensors, or the shards that model.safetensors.index.json names.

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/folder.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The index file may be this long, in bytes.
inline constexpr std::uint64_t kSafetensorsIndexLimit = 16'000'000;

/// All tensors of a model folder. model.safetensors is preferred to an index, as in transformers.
/// A shard's name must stay inside the folder (no absolute path, no "..", no link that leads out); the index and the
/// shards must agree on every tensor. The index's metadata.total_size is not compared: published ones are often wrong.
class SafetensorsFolder final : public TensorSource {
 public:
  /// @throws Error kFileNotFound without weights; as SafetensorsFile; kFormat when index and shards disagree.
  explicit SafetensorsFolder(std::string folder, LoadMode mode = LoadMode::kRead) : folder_(std::move(folder)) {
    const std::string single = folder_ + "/model.safetensors";
    const std::string index = single + ".index.json";
    if (!file_exists(single) && !file_exists(index)) fail_without_weights();
    if (!file_exists(single)) {
      open_shards(index, mode);
    } else {
      const auto file = std::make_shared<const SafetensorsFile>(single, mode);
      weight_files_.push_back(file);
      for (const std::string& name : file->names()) files_.emplace(name, file);
    }
  }

  std::string where() const override { return folder_; }
  std::vector<std::string> names() const override {
    std::vector<std::string> result;
    for (const auto& entry : files_) result.push_back(entry.first);
    return result;
  }
  const TensorInfo* find(const std::string& name) const override {
    const auto entry = files_.find(name);
    return entry == files_.end() ? nullptr : entry->second->find(name);
  }
  StoredTensor read(const std::string& name) const override {
    info(name);
    return files_.at(name)->read(name);
  }
  StoredTensor read_into(const std::string& name, const TensorMemory& memory) const override {
    info(name);
    return files_.at(name)->read_into(name, memory);
  }
  /// The files that hold them.
  const std::vector<std::shared_ptr<const SafetensorsFile>>& weight_files() const noexcept { return weight_files_; }

 private:
  [[noreturn]] void fail_without_weights() const {
    const bool has_pytorch =
        file_exists(folder_ + "/pytorch_model.bin") || file_exists(folder_ + "/pytorch_model.bin.index.json");
    fail_missing(
        folder_, "weights: model.safetensors, or shards with model.safetensors.index.json",
        has_pytorch ? "pytorch_model.bin, which is not read: tools/convert/to_safetensors.py converts it" : "neither");
  }

  void open_shards(const std::string& index, LoadMode mode) {
    const Json json = read_json_file(index, kSafetensorsIndexLimit);
    require(json.is_object() && json.contains("weight_map") && json["weight_map"].is_object(), ErrorCode::kFormat,
            index, ": weight_map: expected an object, actual none");
    std::map<std::string, std::shared_ptr<const SafetensorsFile>> shards;
    for (const auto& [name, shard] : json["weight_map"].items()) {
      const std::string at = index + ": weight_map: " + in_quotes(name);
      require(shard.is_text(), ErrorCode::kFormat, at, ": expected a file name, actual ", shard.type_name());
      auto& file = shards[shard.get<std::string>()];
      if (!file) file = std::make_shared<const SafetensorsFile>(shard_path(shard.get<std::string>(), at), mode);
      require(file->find(name) != nullptr, ErrorCode::kFormat, at, ": expected in ", file->where(),
              ", actual not there");
      files_.emplace(name, file);
    }
    for (const auto& [shard, file] : shards) {
      weight_files_.push_back(file);
      for (const std::string& name : file->names()) {
        const auto entry = files_.find(name);
        require(entry != files_.end() && entry->second == file, ErrorCode::kFormat, file->where(), ": ",
                in_quotes(name), ": expected to be listed in weight_map for this file, actual ",
                entry == files_.end() ? "not listed" : "listed for " + entry->second->where());
      }
    }
  }

  /// The file to open for a shard, with all links resolved, so that what was checked is what is opened.
  std::string shard_path(const std::string& shard, const std::string& at) const {
    const bool climbs = ("/" + shard + "/").find("/../") != std::string::npos;
    require(!shard.empty() && shard.front() != '/' && !climbs && shard.find('\0') == std::string::npos,
            ErrorCode::kFormat, at, ": expected a file name inside the folder, actual ", in_quotes(shard));
    const std::string root = resolve(folder_, at) + "/";
    std::string path = resolve(folder_ + "/" + shard, at);
    require(path.compare(0, root.size(), root) == 0, ErrorCode::kFormat, at,
            ": expected a file inside the folder, actual ", in_quotes(shard), " is a link to ", in_quotes(path));
    return path;
  }

  static std::string resolve(const std::string& path, const std::string& at) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
    require(resolved != nullptr,
            errno == ENOENT || errno == ENOTDIR ? ErrorCode::kFileNotFound : ErrorCode::kFileAccess, at,
            ": cannot open ", in_quotes(path), ": ", std::strerror(errno));
    return resolved.get();
  }

  std::string folder_;
  std::map<std::string, std::shared_ptr<const SafetensorsFile>> files_;  // tensor name -> its file
  std::vector<std::shared_ptr<const SafetensorsFile>> weight_files_;
};

SHARPEYE_NAMESPACE_END
