/// @file
/// `sharpeye pack`: the same model with its matrices laid out as the kernels read them.

#include <filesystem>

#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "tools/commands.hpp"
#include "tools/model_folder.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

struct PackCommand {
  std::string model, folder;
  bool force = false;
};

// Hands out a model's tensors, and keeps each of them packed.
class PackingLoader final : public WeightLoader {
 public:
  using WeightLoader::WeightLoader;

  WeightTensor get(const std::string& name, const std::vector<Index>& shape) override {
    require(!is_interrupted(), ErrorCode::kCancelled, "pack: cancelled");
    const WeightTensor tensor = WeightLoader::get(name, shape);
    if (shape.size() >= 2) {
      add_matrix(tensor);
    } else {
      packed_.add(tensor);
    }
    return tensor;
  }

  const MemorySource& packed() const { return packed_; }

 private:
  void add_matrix(const WeightTensor& tensor) {
    const auto matrix = std::make_shared<const Inference<float>::Matrix>(tensor);
    const simd::PackedWeights& packed = matrix->packed();
    constexpr DType kStored[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kI8, DType::kU8};
    const DType dtype = kStored[static_cast<int>(packed.format)];
    const auto stored = panels_declaration(tensor.name, dtype, packed.n, packed.k);
    require(stored.has_value(), ErrorCode::kUnsupported, tensor.name, ": expected weights that can be packed, actual ",
            to_string(dtype));
    packed_.add({stored->name, stored->dtype, stored->shape, static_cast<const std::byte*>(packed.data), matrix});
    const auto add_beside = [&](const char* suffix, const float* values) {
      if (values != nullptr) packed_.add(tensor.name + suffix, {packed.n}, {values, values + packed.n});
    };
    add_beside(kScaleSuffix, packed.scales);  // (those of 4-bit numbers stand in the panels)
    add_beside(kSumsSuffix, packed.sums);
  }

  MemorySource packed_;
};

int run_pack(const PackCommand& command) {
  require_new_model_folder(command.model, command.folder, command.force);
  catch_interrupts();
  const std::string config_path = command.model + "/config.json";
  const Json config = read_json_file(config_path, kConfigFileLimit);
  PackingLoader loader(std::make_shared<const SafetensorsFolder>(command.model, LoadMode::kMap));
  const MmSer<Counting> model(MmSerConfig::from_json(JsonReader(config, config_path)), loader);
  std::filesystem::remove(command.folder + "/config.json");
  write_model_folder(command.model, command.folder, loader.packed(), std::nullopt,
                     config.contains("sharpeye_note") ? config["sharpeye_note"].get<std::string>() : "");
  return kOk;
}

}  // namespace

void add_pack(CLI::App& app, Action& run) {
  const auto options = std::make_shared<PackCommand>();
  CLI::App& command = *app.add_subcommand(
      "pack",
      "Make a copy of a model whose matrices are laid out as the kernels read them: with --map it is there at "
      "once, and processes share its memory");
  command.add_option("--model", options->model, "Of any precision")->required()->type_name("DIR");
  command.add_option("-o,--output", options->folder, "The model directory to make")->required()->type_name("DIR");
  command.add_flag("--force", options->force, "Replace a model that is there");
  command.callback([options, &run] { run = [options] { return run_pack(*options); }; });
}

}  // namespace tool
