#pragma once

/// @file
/// Bodies of assemble.hpp.

#include "sharpeye/pipeline/assemble.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/folder.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/models/unused_tensors.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/model_parts.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/pipeline/read_generation_config.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "sharpeye/text/substrings.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The files of a part, and its tensors under our names.
inline Assembly::Part open_part(const char* name, const std::string& path, const Rename& rename,
                                std::vector<std::string>& left_out) {
  Assembly::Part part{name, nullptr, {}};
  std::vector<std::shared_ptr<const TensorSource>> files;
  if (std::filesystem::is_directory(path)) {
    const SafetensorsFolder folder(path, LoadMode::kMap);
    files.assign(folder.weight_files().begin(), folder.weight_files().end());
  } else {
    files.push_back(std::make_shared<const SafetensorsFile>(path, LoadMode::kMap));
  }
  bool are_whole = true;
  std::vector<std::shared_ptr<const TensorSource>> renamed;
  for (const auto& file : files) {
    for (const std::string& stored : file->names()) {
      const std::string ours = rename(stored);
      if (ours.empty()) left_out.push_back(stored);
      are_whole = are_whole && !ours.empty() && ours == model_tensor_name(stored);
    }
    renamed.push_back(std::make_shared<const RenamedSource>(file, rename));
  }
  part.tensors = std::make_shared<const JoinedSource>(std::move(renamed), path);
  if (are_whole) part.whole_files = std::move(files);
  return part;
}

/// Checks names and shapes of all parts that are there, as loading will, without reading more than it must.
inline void check_parts(const Assembly& assembly) {
  std::vector<std::shared_ptr<const TensorSource>> sources;
  std::string where;
  for (const Assembly::Part& part : assembly.parts) {
    if (!part.tensors) continue;
    sources.push_back(part.tensors);
    where += (where.empty() ? "" : ", ") + part.tensors->where();
  }
  WeightLoader loader(std::make_shared<const JoinedSource>(std::move(sources), where));
  for (const TensorDeclaration& tensor : declare_tensors(assembly.config)) {
    const auto part = std::find_if(assembly.parts.begin(), assembly.parts.end(),
                                   [&](const auto& one) { return begins_with(tensor.name, one.name + "."); });
    if (part != assembly.parts.end() && part->tensors) loader.skip(tensor.name, tensor.shape);
  }
  skip_unused_tensors(loader, assembly.config);
  loader.require_all_read();
}

/// Files of `folder`, those that there are.
inline void add_files(Assembly& assembly, const std::string& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const std::string path = folder + "/" + name;
    if (file_exists(path)) assembly.files.emplace_back(name, read_file(path, kTokenizerFileLimit));
  }
}

inline void add_tokenizer(Assembly& assembly, const std::string& folder) {
  require_tokenizer_files(folder);
  add_files(assembly, folder, {"tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "vocab.txt"});
}

}  // namespace detail

SHARPEYE_BODY SerConnectorConfig ser_connector_for(const VisionConfig& vision, Index last) {
  SerConnectorConfig config;
  const auto share = [&](double part) {
    return std::clamp<Index>(static_cast<Index>(std::lround(static_cast<double>(last) * part / 23)), 0, last);
  };
  config.vision_feature_layers = {share(13), share(18), last};
  config.hidden_size = vision.hidden_size();
  config.intermediate_size = 4 * config.hidden_size;
  for (config.num_attention_heads = std::max<Index>(1, config.hidden_size / 64);
       config.hidden_size % config.num_attention_heads != 0;) {
    --config.num_attention_heads;
  }
  return config;
}

SHARPEYE_BODY Assembly assemble(const PartFolders& folders) {
  Assembly assembly;
  MmSerConfig& config = assembly.config;
  config.vision_config = detail::read_vision_part(folders.vision);
  config.text_config = detail::read_language_model_part(folders.language_model);
  const Index last = config.vision_config.num_hidden_layers() - 1;
  config.connector.vision_feature_layers = {last};
  if (config.text_config.image_first()) config.initial_prompt = "<image>";

  std::vector<std::string>& left_out = assembly.left_out;
  assembly.parts.push_back(detail::open_part("vision_tower", folders.vision, detail::vision_part_name, left_out));
  assembly.parts.push_back(
      detail::open_part("language_model", folders.language_model, detail::language_model_part_name, left_out));
  std::vector<std::string> others;  // (a file of one connector may hold the other one)
  if (folders.connector.empty()) {
    assembly.parts.push_back({"multi_modal_projector", nullptr, {}});
  } else {
    const bool is_folder = std::filesystem::is_directory(folders.connector);
    const std::vector<std::string> names = is_folder ? SafetensorsFolder(folders.connector, LoadMode::kMap).names()
                                                     : SafetensorsFile(folders.connector).names();
    const std::vector<Index> places = detail::sequential_places(names);
    assembly.parts.push_back(detail::open_part("multi_modal_projector", folders.connector,
                                               detail::connector_part_rename(places), is_folder ? others : left_out));
    if (is_folder) config.connector = MmSerConfig::from_json(read_model_config(folders.connector)).connector;
    config.connector.type = detail::connector_form(*assembly.parts.back().tensors, places);
  }
  if (!folders.ser_connector.empty()) {
    const bool is_folder = std::filesystem::is_directory(folders.ser_connector);
    if (is_folder) {
      const MmSerConfig from = MmSerConfig::from_json(read_model_config(folders.ser_connector));
      require(from.ser_connector && !from.own_refine_language_model, ErrorCode::kInvalidArgument, folders.ser_connector,
              ": expected a model of two glances with one language model, actual ",
              from.ser_connector ? "one with a language model for each glance" : "one glance");
      config.ser_connector = from.ser_connector;
      config.refine_prompt = from.refine_prompt;
    } else {
      config.ser_connector = ser_connector_for(config.vision_config, config.connector.vision_feature_layers.back());
    }
    assembly.parts.push_back(detail::open_part("ser_connector", folders.ser_connector, detail::ser_connector_part_name,
                                               is_folder ? others : left_out));
  }
  config.used_vision_layers();  // that the tower has them
  detail::check_parts(assembly);

  detail::add_tokenizer(assembly, folders.language_model);
  assembly.files.emplace_back(
      "preprocessor_config.json",
      read_preprocessor_config(folders.vision, config.vision_config.image_size()).to_json().dump(2) + "\n");
  GenerationConfig generation;
  generation.eos_token_ids = {static_cast<std::int32_t>(config.text_config.eos_token_id())};
  assembly.files.emplace_back("generation_config.json", generation.to_json().dump(2) + "\n");
  return assembly;
}

SHARPEYE_BODY Assembly with_second_glance(const std::string& folder) {
  Assembly assembly;
  MmSerConfig& config = assembly.config = MmSerConfig::from_json(read_model_config(folder));
  require(!config.ser_connector, ErrorCode::kInvalidArgument, folder,
          "/config.json: expected a model of one glance, actual one that has a ser_connector");
  assembly.files.emplace_back("generation_config.json",
                              read_generation_config(folder, config).to_json().dump(2) + "\n");
  assembly.files.emplace_back(
      "preprocessor_config.json",
      read_preprocessor_config(folder, config.vision_config.image_size()).to_json().dump(2) + "\n");
  detail::add_tokenizer(assembly, folder);
  const std::vector<Index>& layers = config.connector.vision_feature_layers;
  config.ser_connector = ser_connector_for(config.vision_config, *std::max_element(layers.begin(), layers.end()));
  config.model_type = MmSerConfig::kModelType;
  assembly.parts.push_back(detail::open_part(
      "", folder, [](const std::string& name) { return model_tensor_name(name); }, assembly.left_out));
  assembly.parts.back().name = "one_glance";
  assembly.parts.insert(assembly.parts.begin(), {"ser_connector", nullptr, {}});
  return assembly;
}

namespace detail {

/// Writes the part's tensors, or random ones, to one shard. @return the names that the index lists
inline std::vector<std::string> write_part(const Assembly& assembly, const Assembly::Part& part,
                                           const std::string& path, const WriteAssemblyOptions& options) {
  const auto check = [&] {
    require(!options.is_cancelled || !options.is_cancelled(), ErrorCode::kCancelled, path, ": cancelled");
  };
  std::vector<TensorDeclaration> declared;
  if (part.tensors) {
    for (const std::string& name : part.tensors->names()) {
      const TensorInfo& info = part.tensors->info(name);
      require(info.dtype.has_value(), ErrorCode::kUnsupported, part.tensors->where(), ": ", name,
              ": expected a dtype of 8 to 64 bits from BOOL, U, I, F and BF16, actual ", info.dtype_name);
      declared.push_back({name, *info.dtype, info.shape});
    }
  } else {
    for (TensorDeclaration& tensor : declare_tensors(assembly.config)) {
      if (begins_with(tensor.name, part.name + ".")) declared.push_back({tensor.name, options.dtype, tensor.shape});
    }
  }
  std::vector<std::string> names;
  for (const TensorDeclaration& tensor : declared) names.push_back(tensor.name);
  write_safetensors(path, declared,
                    [&](const TensorDeclaration& tensor) {
                      check();
                      if (part.tensors) return part.tensors->read(tensor.name);
                      return stored_as(make_tensor(tensor.name, tensor.shape, initial_values(tensor, options.seed)),
                                       tensor.dtype);
                    },
                    {{"format", "pt"}});
  return names;
}

/// A second name of a file. @return false where the file system cannot
inline bool make_hard_link(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::remove(to, error);
  std::filesystem::create_hard_link(std::filesystem::canonical(from, error), to, error);
  return !error;
}

}  // namespace detail

SHARPEYE_BODY Index write_assembly(const Assembly& assembly, const std::string& folder,
                                   const WriteAssemblyOptions& options) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  for (const char* name : {"config.json", "model.safetensors", "model.safetensors.index.json"}) {
    fs::remove(folder + "/" + name);
  }
  Index linked = 0;
  Json weight_map = Json::object();
  for (const Assembly::Part& part : assembly.parts) {
    if (options.link && !part.whole_files.empty()) {
      std::size_t number = 0;
      std::vector<std::pair<std::string, std::vector<std::string>>> shards;
      for (const auto& file : part.whole_files) {
        const std::string shard =
            concat(part.name, part.whole_files.size() == 1 ? "" : concat("-", ++number), ".safetensors");
        if (!detail::make_hard_link(file->where(), concat(folder, "/", shard))) break;
        shards.emplace_back(shard, file->names());
      }
      if (shards.size() == part.whole_files.size()) {
        for (const auto& [shard, names] : shards) {
          for (const std::string& name : names) weight_map[name] = shard;
        }
        linked += static_cast<Index>(shards.size());
        continue;
      }
      for (const auto& shard : shards) fs::remove(concat(folder, "/", shard.first));
    }
    const std::string shard = part.name + ".safetensors";
    for (const std::string& name : detail::write_part(assembly, part, concat(folder, "/", shard), options)) {
      weight_map[name] = shard;
    }
  }
  write_file(folder + "/model.safetensors.index.json",
             Json{{"metadata", Json::object()}, {"weight_map", weight_map}}.dump(2) + "\n");
  for (const auto& [name, text] : assembly.files) write_file(concat(folder, "/", name), text);
  write_file(folder + "/config.json", assembly.config.to_json().dump(2) + "\n");
  return linked;
}

SHARPEYE_NAMESPACE_END
