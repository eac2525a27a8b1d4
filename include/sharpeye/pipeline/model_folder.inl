#pragma once

/// @file
/// Bodies of model_folder.hpp.

#include "sharpeye/pipeline/model_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/folder.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/load_tokenizer.hpp"

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

SHARPEYE_BODY JsonReader read_model_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  if (!file_exists(path)) fail_missing(folder, "a model directory, which has config.json", "none");
  return JsonReader(read_json_file(path, kConfigFileLimit), path);
}

SHARPEYE_BODY void require_other_folder(const std::string& model, const std::string& output) {
  namespace fs = std::filesystem;
  require(!fs::exists(output) || !fs::equivalent(model, output), ErrorCode::kInvalidArgument,
          "output: expected another directory than the model's, actual ", output);
}

SHARPEYE_BODY ModelFolder::ModelFolder(const std::string& from) {
  const auto read = [&](const std::string& name) {
    const std::string path = from + "/" + name;
    if (file_exists(path)) files_[name] = read_file(path, std::max(kConfigFileLimit, kTokenizerFileLimit));
    return files_.count(name) > 0;
  };
  const bool is_ours = read_model_config(from).text("model_type", MmSerConfig::kModelType) == MmSerConfig::kModelType;
  read("config.json");
  require_tokenizer_files(from);
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "vocab.txt", "processor_config.json"}) {
    read(name);
  }
  for (const char* name : {"preprocessor_config.json", "generation_config.json"}) {
    if (!read(name) && is_ours) fail_missing(from, concat(name, ", as for every \"mm-ser\" model"), "none");
  }
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
