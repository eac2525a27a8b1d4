#pragma once

/// @file
/// Bodies of model_folder.hpp.

#include "sharpeye/pipeline/model_folder.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void write_weights(const std::string& path, const TensorSource& tensors, std::optional<DType> dtype) {
  std::vector<TensorDeclaration> declared;
  for (const std::string& name : tensors.names()) {
    const TensorInfo& info = tensors.info(name);
    declared.push_back({name, dtype.value_or(*info.dtype), info.shape});
  }
  const auto supply = [&](const TensorDeclaration& wanted) {
    return stored_as(tensors.read(wanted.name), wanted.dtype);
  };
  write_safetensors(path, declared, supply, {{"format", "pt"}});
}

SHARPEYE_BODY void require_new_model_folder(const std::string& from, const std::string& to, bool force) {
  namespace fs = std::filesystem;
  const std::string config_path = to + "/config.json";
  require(force || !fs::exists(config_path), ErrorCode::kInvalidArgument, config_path,
          ": is already there; --force replaces it");
  require(!fs::exists(to) || !fs::equivalent(from, to), ErrorCode::kInvalidArgument,
          "--output: expected another directory than --model");
}

SHARPEYE_BODY ModelFolder::ModelFolder(const std::string& from) {
  const auto read = [&](const std::string& name, bool is_needed) {
    const std::string path = from + "/" + name;
    if (!is_needed && ::access(path.c_str(), F_OK) != 0) return false;
    files_[name] = read_file(path, std::max(kConfigFileLimit, kTokenizerFileLimit));
    return true;
  };
  read("config.json", true);
  const Json config = parse_json(files_["config.json"], from + "/config.json");
  const bool is_ours = !config.contains("model_type") || config["model_type"] == MmSerConfig::kModelType;
  const bool has_tokenizer = read("tokenizer.json", false);
  const bool has_words = read("vocab.txt", false);
  for (const char* name : {"vocab.json", "merges.txt"}) read(name, !has_tokenizer && !has_words);
  read("preprocessor_config.json", is_ours);
  read("generation_config.json", is_ours);
  for (const char* name : {"processor_config.json", "tokenizer_config.json"}) read(name, false);
}

SHARPEYE_BODY void ModelFolder::write(const std::string& to, const TensorSource& tensors, std::optional<DType> dtype,
                                      const std::string& note) const {
  std::filesystem::create_directories(to);
  for (const auto& [name, text] : files_) {
    if (name != "config.json") write_file(concat(to, "/", name), text);
  }
  write_weights(to + "/model.safetensors", tensors, dtype);
  Json config = parse_json(files_.at("config.json"), "config.json");
  config.erase("sharpeye_note");
  if (!note.empty()) config["sharpeye_note"] = note;
  write_file(to + "/config.json", config.dump(2) + "\n");
}

SHARPEYE_BODY void write_model_folder(const std::string& from, const std::string& to, const TensorSource& tensors,
                                      std::optional<DType> dtype, const std::string& note) {
  ModelFolder(from).write(to, tensors, dtype, note);
}

SHARPEYE_NAMESPACE_END
