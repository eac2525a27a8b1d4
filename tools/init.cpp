/// @file
/// `sharpeye init`: a complete model directory with random weights.

#include <filesystem>
#include <optional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/initialize.hpp"
#include "tools/commands.hpp"
#include "tools/model_config_json.hpp"
#include "tools/options.hpp"
#include "tools/presets.hpp"

namespace tool {
namespace {

struct InitCommand {
  std::string preset, folder, tokenizer;
  std::string variant = "two-glances", weights;
  std::string dtype = "f32";
  std::uint64_t seed = 0;
  bool force = false;
};

// The tensor of another model if there is one of this name and shape, else random values.
StoredTensor initial_tensor(const TensorDeclaration& declaration, const TensorSource* known, std::uint64_t seed) {
  require(!is_interrupted(), ErrorCode::kCancelled, "init: cancelled");
  const TensorInfo* info = known == nullptr ? nullptr : known->find(declaration.name);
  if (info != nullptr && info->shape == declaration.shape) {
    return stored_as(known->read(declaration.name), declaration.dtype);
  }
  const StoredTensor tensor = make_tensor(declaration.name, declaration.shape, initial_values(declaration, seed));
  return stored_as(tensor, declaration.dtype);
}

int run_init(const InitCommand& command) {
  namespace fs = std::filesystem;
  const std::string config_path = command.folder + "/config.json";
  require(command.force || !fs::exists(config_path), ErrorCode::kInvalidArgument, config_path,
          ": is already there; --force replaces it");
  const TokenizerFiles tokenizer = TokenizerFiles::load(command.tokenizer);
  Preset preset = make_preset(command.preset, tokenizer.tokenizer);
  apply_variant(preset.config, command.variant);
  std::optional<SafetensorsFolder> known;
  if (!command.weights.empty()) require_plain(known.emplace(command.weights));
  catch_interrupts();
  fs::create_directories(command.folder);
  fs::remove(config_path);  // it comes back last: a directory that has one is complete

  const DType dtype = codec_named(command.dtype).dtype();
  std::vector<TensorDeclaration> tensors = declare_tensors(preset.config);
  for (TensorDeclaration& tensor : tensors) tensor.dtype = dtype;
  write_safetensors(
      command.folder + "/model.safetensors", tensors,
      [&](const TensorDeclaration& tensor) { return initial_tensor(tensor, known ? &*known : nullptr, command.seed); },
      {{"format", "pt"}});
  write_file(command.folder + "/vocab.json", tokenizer.vocab_json);
  write_file(command.folder + "/merges.txt", tokenizer.merges_txt);
  write_file(command.folder + "/preprocessor_config.json", to_json(preset.preprocessor).dump(2) + "\n");
  write_file(command.folder + "/generation_config.json", to_json(preset.generation).dump(2) + "\n");
  Json config = to_json(preset.config);
  if (!known) config["sharpeye_note"] = concat("random weights, seed ", command.seed);
  write_file(config_path, config.dump(2) + "\n");
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Action& run) {
  const auto options = std::make_shared<InitCommand>();
  CLI::App& command = *app.add_subcommand("init", "Make a model directory with random weights");
  command.add_option("--preset", options->preset, "mm-ser-125m has the paper's sizes")
      ->required()
      ->check(CLI::IsMember(preset_names()));
  command.add_option("-o,--output", options->folder, "The directory to make")->required()->type_name("DIR");
  add_seed(command, options->seed, "Of the weights")->capture_default_str();
  command.add_option("--dtype", options->dtype, "Of the weights")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  command.add_option("--tokenizer", options->tokenizer, "Take vocab.json and merges.txt from here; else one of bytes")
      ->type_name("DIR");
  command
      .add_option("--variant", options->variant,
                  "The paper's ablations: one glance at all layers, or a second one that sees only the caption or only "
                  "the features; queries: its earlier SeR-Connector, whose 100 queries the second glance reads")
      ->check(CLI::IsMember(variant_names()))
      ->capture_default_str();
  command.add_option("--weights", options->weights, "Take tensors from this model where name and shape are the same")
      ->type_name("DIR");
  command.add_flag("--force", options->force, "Replace a model that is there");
  command.callback([options, &run] { run = [options] { return run_init(*options); }; });
}

}  // namespace tool
