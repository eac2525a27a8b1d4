#include "tools/model_folder.hpp"

#include <filesystem>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/pipeline/caption_model.hpp"

namespace tool {
void write_weights(const std::string& path, const TensorSource& tensors, std::optional<DType> dtype) {
  std::vector<TensorDeclaration> declared;
  for (const std::string& name : tensors.names()) {
    const TensorInfo& info = tensors.info(name);
    declared.push_back({name, dtype.value_or(*info.dtype), info.shape});
  }
  write_safetensors(path, declared,
                    [&](const TensorDeclaration& wanted) { return stored_as(tensors.read(wanted.name), wanted.dtype); },
                    {{"format", "pt"}});
}

void require_new_model_folder(const std::string& from, const std::string& to, bool force) {
  namespace fs = std::filesystem;
  const std::string config_path = to + "/config.json";
  require(force || !fs::exists(config_path), ErrorCode::kInvalidArgument, config_path,
          ": is already there; --force replaces it");
  require(!fs::exists(to) || !fs::equivalent(from, to), ErrorCode::kInvalidArgument,
          "--output: expected another directory than --model");
}

void write_model_folder(const std::string& from, const std::string& to, const TensorSource& tensors,
                        std::optional<DType> dtype, const std::string& note) {
  const auto copy = [&](const std::string& name, const std::function<std::string(std::string)>& change) {
    const std::string text = read_file(from + "/" + name, std::max(kConfigFileLimit, kTokenizerFileLimit));
    AtomicFile file(to + "/" + name);
    file.write(change(text));
    file.commit();
  };
  const auto same = [](std::string text) { return text; };
  std::filesystem::create_directories(to);
  for (const char* name : {"vocab.json", "merges.txt", "preprocessor_config.json", "generation_config.json"}) {
    copy(name, same);
  }
  write_weights(to + "/model.safetensors", tensors, dtype);
  copy("config.json", [&](const std::string& text) {
    Json config = parse_json(text, "config.json");
    config.erase("sharpeye_note");
    if (!note.empty()) config["sharpeye_note"] = note;
    return config.dump(2) + "\n";
  });
}

}  // namespace tool
