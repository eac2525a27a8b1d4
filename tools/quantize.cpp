/// @file
/// `sharpeye quantize`: the same model with smaller weights, and what that changes.

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <sstream>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "tools/compare_models.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/output_folder.hpp"

namespace tool {
namespace {

struct QuantizeCommand {
  std::string model, dtype, folder, data;
  std::vector<std::string> images;
  std::size_t count = 200;
  int threads = ThreadPool::default_size();
  bool json = false, force = false;
};

std::uint64_t bytes_of(const TensorSource& tensors) {
  std::uint64_t bytes = 0;
  for (const std::string& name : tensors.names()) bytes += tensors.info(name).end - tensors.info(name).begin;
  return bytes;
}

double share(Index part, Index all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

int run_quantize(const QuantizeCommand& command) {
  namespace fs = std::filesystem;
  const std::string config_path = command.folder + "/config.json";
  require_new_model(command.model, command.folder, command.force);
  const ModelFolder folder(command.model);
  const Json config = read_json_file(command.model + "/config.json", kConfigFileLimit);
  require_plain(*open_model_weights(command.model));
  catch_interrupts();
  // What the report needs is opened before anything is replaced.
  std::vector<Image> images;
  for (const std::string& path : expand_inputs(command.images).names) images.push_back(load_image(path));
  std::optional<training::Dataset> data;
  if (!command.data.empty()) {
    data = training::load_dataset(command.data);
    data->images.resize(std::min(command.count, data->images.size()));
  }
  fs::remove(config_path);
  Json report_json;
  {
    const auto source = open_model_weights(command.model);
    const TensorSource& stored = *source;
    const MemorySource small = quantize_model(stored, codec_named(command.dtype), is_interrupted);
    report_json["bytes_before"] = bytes_of(stored);
    report_json["bytes_after"] = bytes_of(small);
    folder.write(command.folder, small, std::nullopt,
                 config.contains("sharpeye_note") ? config["sharpeye_note"].get<std::string>() : "");
  }
  // Both models at once are loaded only for those who compare them.
  std::shared_ptr<const CaptionModel> before, after;
  if (!images.empty() || data) {
    before = CaptionModel::load(command.model);
    after = CaptionModel::load(command.folder);
  }
  ThreadPool pool(command.threads);
  if (before) {
    for (const auto& [name, value] : stage_cosines(before, after, images, pool)) {
      report_json["cosine"][name] = value;
    }
  }
  if (data) {
    const Agreement agreement = compare_captions(before, after, *data, command.threads);
    report_json["images"] = agreement.images;
    report_json["initial_same"] = share(agreement.initial_same, agreement.images);
    report_json["refined_same"] = share(agreement.refined_same, agreement.images);
    report_json["tokens_same"] = share(agreement.tokens_same, agreement.tokens);
    report_json["cider_d_before"] = agreement.cider_d_before;
    report_json["cider_d_after"] = agreement.cider_d_after;
  }
  if (command.json) {
    write_out(report_json.dump(2) + "\n");
    return kOk;
  }
  std::ostringstream table;
  for (const auto& [name, value] : report_json.items()) {
    if (name != "cosine") {
      table << std::left << std::setw(34) << name << value.dump() << "\n";
      continue;
    }
    for (const auto& [stage, least] : value.items()) {
      table << std::left << std::setw(34) << "cosine " + stage << std::fixed << std::setprecision(6)
            << least.get<double>() << "\n";
    }
  }
  write_out(table.str());
  return kOk;
}

}  // namespace

void add_quantize(Command& command) {
  const auto options = std::make_shared<QuantizeCommand>();
  command.description = "Make a copy of a model with smaller weights";
  command.text("--model", options->model, "With floating-point weights").type("DIR").required();
  command
      .text("--dtype", options->dtype,
            "int8: a scale for each output; int4: the language model's layers in 4 bits, a scale for each 32 weights, "
            "all else int8")
      .one_of({"int8", "int4", "f16", "bf16"})
      .required();
  command.text("-o,--output", options->folder, "The model directory to make").type("DIR").required();
  command.texts("--image", options->images, "Report each stage's cosine with the original on these images")
      .type("IMAGE");
  command
      .text("--data", options->data, "Report how many captions stay the same on these images, and both models' CIDEr-D")
      .type("DIR");
  command.number("--count", options->count, 1, 10'000'000, "Images of the data, at most");
  command.number("--threads", options->threads, 1, ThreadPool::kMaxThreads);
  command.flag("--json", options->json, "The report as JSON");
  command.flag("--force", options->force, "Replace a model that is there");
  command.run = [options] { return run_quantize(*options); };
}

}  // namespace tool
