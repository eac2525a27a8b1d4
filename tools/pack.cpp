/// @file
/// `sharpeye pack`: the same model with its matrices laid out as the kernels read them.

#include <filesystem>

#include "sharpeye/formats/packing_loader.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "tools/options.hpp"
#include "tools/output_folder.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct PackCommand {
  std::string model, folder;
  bool force = false;
};

int run_pack(const PackCommand& command) {
  require_new_model(command.model, command.folder, command.force);
  catch_interrupts();
  const std::string config_path = command.model + "/config.json";
  const ModelFolder folder(command.model);
  const Json config = read_json_file(config_path, kConfigFileLimit);
  PackingLoader loader(open_model_weights(command.model, LoadMode::kMap), is_interrupted);
  const MmSer<Counting> model(MmSerConfig::from_json(JsonReader(config, config_path)), loader);
  std::filesystem::remove(command.folder + "/config.json");
  folder.write(command.folder, loader.packed(), std::nullopt,
               config.contains("sharpeye_note") ? config["sharpeye_note"].get<std::string>() : "");
  return kOk;
}

}  // namespace

void add_pack(Command& command) {
  const auto options = std::make_shared<PackCommand>();
  command.description =
      "Make a copy of a model whose matrices are laid out as the kernels read them: with --map it is there at once, "
      "and "
      "processes share its memory";
  command.text("--model", options->model, "Of any precision").type("DIR").required();
  command.text("-o,--output", options->folder, "The model directory to make").type("DIR").required();
  command.flag("--force", options->force, "Replace a model that is there");
  command.run = [options] { return run_pack(*options); };
}

}  // namespace tool
