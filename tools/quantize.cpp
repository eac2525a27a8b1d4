/// @file
/// `sharpeye quantize`: the same model with smaller weights, and what that changes.

#include <cmath>
#include <filesystem>
#include <iomanip>
#include <sstream>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/metrics/evaluate.hpp"
#include "sharpeye/pipeline/caption_many.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/training/load_dataset.hpp"
#include "tools/commands.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

using namespace training;

struct QuantizeCommand {
  std::string model, dtype, folder, data;
  std::vector<std::string> images;
  std::size_t count = 200;
  int threads = ThreadPool::default_size();
  bool json = false, force = false;
};

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::uint64_t bytes_of(const TensorSource& tensors) {
  std::uint64_t bytes = 0;
  for (const std::string& name : tensors.names()) bytes += tensors.info(name).end - tensors.info(name).begin;
  return bytes;
}

double cosine(const Matrix<float>& a, const Matrix<float>& b) {
  const double product = a.cast<double>().cwiseProduct(b.cast<double>()).sum();
  return product / std::max(1e-300, a.cast<double>().norm() * b.cast<double>().norm());
}

// The smallest cosine of each stage's output over some images. Both models read the same draft.
std::map<std::string, double> stage_cosines(const std::shared_ptr<const CaptionModel>& before,
                                            const std::shared_ptr<const CaptionModel>& after,
                                            const std::vector<std::string>& images, ThreadPool& pool) {
  Captioner first(before, pool), second(after, pool);
  std::map<std::string, double> least;
  for (const std::string& path : images) {
    require(!is_interrupted(), ErrorCode::kCancelled, "quantize: cancelled");
    const Image image = load_image(path);
    std::map<std::string, Matrix<float>> expected;
    CaptionOptions options;
    options.is_cancelled = is_interrupted;
    options.on_tensor = [&](const std::string& name, const Matrix<float>& values) { expected[name] = values; };
    const Caption caption = first(image, options);
    options.initial = caption.initial;
    options.on_tensor = [&](const std::string& name, const Matrix<float>& values) {
      if (name == "pixel_values" || contains(name, "inputs_embeds") || contains(name, "ser.features")) return;
      const double value = cosine(expected.at(name), values);
      least[name] = least.count(name) == 0 ? value : std::min(least[name], value);
    };
    second(image, options);
  }
  return least;
}

// What both models write about a data set.
struct Agreement {
  Index images = 0, initial_same = 0, refined_same = 0, tokens = 0, tokens_same = 0;
  double cider_d_before = 0, cider_d_after = 0;
};

Agreement compare_captions(const std::shared_ptr<const CaptionModel>& before,
                           const std::shared_ptr<const CaptionModel>& after, const QuantizeCommand& command) {
  Dataset data = load_dataset(command.data);
  data.images.resize(std::min(command.count, data.images.size()));
  std::vector<std::string> paths;
  for (const auto& image : data.images) paths.push_back(image.path);
  const auto captions_of = [&](const std::shared_ptr<const CaptionModel>& model, const char* what) {
    ProgressLines progress;
    CaptionManyCallbacks callbacks;
    callbacks.load = [](const std::string& path) { return load_image(path); };
    callbacks.is_cancelled = is_interrupted;
    callbacks.options = [](std::size_t) {
      CaptionOptions options;
      options.is_cancelled = is_interrupted;
      return options;
    };
    callbacks.on_progress = [&](Index done, Index total) { progress.show(what, done, total); };
    return caption_many(model, paths, command.threads, callbacks);
  };
  const auto old = captions_of(before, "captions before"), fresh = captions_of(after, "captions after");
  Agreement agreement;
  std::vector<ImageToScore> scored_before, scored_after;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    ++agreement.images;
    agreement.initial_same += old[i].initial == fresh[i].initial ? 1 : 0;
    agreement.refined_same += old[i].refined == fresh[i].refined ? 1 : 0;
    const auto &a = old[i].refined_ids, &b = fresh[i].refined_ids;
    agreement.tokens += static_cast<Index>(std::max(a.size(), b.size()));
    for (std::size_t at = 0; at < std::min(a.size(), b.size()); ++at) agreement.tokens_same += a[at] == b[at] ? 1 : 0;
    scored_before.push_back({paths[i], data.images[i].captions, old[i].refined});
    scored_after.push_back({paths[i], data.images[i].captions, fresh[i].refined});
  }
  agreement.cider_d_before = 100 * evaluate(scored_before).cider_d.corpus;
  agreement.cider_d_after = 100 * evaluate(scored_after).cider_d.corpus;
  return agreement;
}

double share(Index part, Index all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

int run_quantize(const QuantizeCommand& command) {
  namespace fs = std::filesystem;
  const std::string config_path = command.folder + "/config.json";
  require_new_model_folder(command.model, command.folder, command.force);
  require_plain(SafetensorsFolder(command.model));
  catch_interrupts();
  const auto before = CaptionModel::load(command.model);
  fs::remove(config_path);
  Json report_json;
  {
    const SafetensorsFolder stored(command.model);
    const MemorySource small = quantize_model(stored, codec_named(command.dtype), is_interrupted);
    report_json["bytes_before"] = bytes_of(stored);
    report_json["bytes_after"] = bytes_of(small);
    const Json config = read_json_file(command.model + "/config.json", kConfigFileLimit);
    write_model_folder(command.model, command.folder, small, std::nullopt,
                       config.contains("sharpeye_note") ? config["sharpeye_note"].get<std::string>() : "");
  }
  const auto after = CaptionModel::load(command.folder);
  ThreadPool pool(command.threads);
  for (const auto& [name, value] : stage_cosines(before, after, expand_inputs(command.images), pool)) {
    report_json["cosine"][name] = value;
  }
  if (!command.data.empty()) {
    const Agreement agreement = compare_captions(before, after, command);
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

void add_quantize(CLI::App& app, Action& run) {
  const auto options = std::make_shared<QuantizeCommand>();
  CLI::App& command = *app.add_subcommand("quantize", "Make a copy of a model with smaller weights");
  command.add_option("--model", options->model, "With floating-point weights")->required()->type_name("DIR");
  command
      .add_option("--dtype", options->dtype,
                  "int8: a scale for each output; int4: the language model's layers in 4 bits, a scale for each 32 "
                  "weights, all else int8")
      ->required()
      ->check(CLI::IsMember({"int8", "int4", "f16", "bf16"}));
  command.add_option("-o,--output", options->folder, "The model directory to make")->required()->type_name("DIR");
  command.add_option("--image", options->images, "Report each stage's cosine with the original on these images")
      ->type_name("IMAGE");
  command
      .add_option("--data", options->data,
                  "Report how many captions stay the same on these images, and both models' CIDEr-D")
      ->type_name("DIR");
  command.add_option("--count", options->count, "Images of the data, at most")
      ->check(between<std::size_t>(1, 10'000'000))
      ->capture_default_str();
  command.add_option("--threads", options->threads)->check(between(1, ThreadPool::kMaxThreads))->capture_default_str();
  command.add_flag("--json", options->json, "The report as JSON");
  command.add_flag("--force", options->force, "Replace a model that is there");
  command.callback([options, &run] { run = [options] { return run_quantize(*options); }; });
}

}  // namespace tool
