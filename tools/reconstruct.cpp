/// @file
/// `sharpeye reconstruct`: what the layers of a vision tower keep of an image, painted again by a decoder.

#include <algorithm>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/stb_png_writer.hpp"
#include "sharpeye/training/reconstruction_stage.hpp"
#include "tools/images.hpp"
#include "tools/layer_sets.hpp"
#include "tools/options.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

struct ReconstructCommand {
  training::ReconstructionOptions options;
  std::string folder, data, test;
  std::vector<std::string> layers;
  Index count = 2000, test_count = 500;
};

std::vector<std::string> images_in(const std::string& folder, Index count) {
  std::vector<std::string> names = expand_inputs({folder}).names;
  names.resize(std::min(names.size(), static_cast<std::size_t>(count)));
  return names;
}

// A row for each image: itself, and what was painted of each set of layers; each pixel as 3 x 3.
Image sheet_of(const std::vector<training::Reconstruction>& all) {
  constexpr Index kZoom = 3, kGap = 6;
  const Index side = kZoom * all.front().originals.front().width(),
              rows = static_cast<Index>(all.front().pictures.size());
  const auto columns = static_cast<Index>(all.size()) + 1;
  Image sheet(columns * (side + kGap) - kGap, rows * (side + kGap) - kGap);
  for (Index y = 0; y < sheet.height(); ++y) std::fill_n(sheet.row(y), 3 * sheet.width(), std::uint8_t{255});
  for (Index row = 0; row < rows; ++row) {
    for (Index column = 0; column < columns; ++column) {
      const auto at = static_cast<std::size_t>(row);
      const Image& picture =
          column == 0 ? all.front().originals[at] : all[static_cast<std::size_t>(column - 1)].pictures[at];
      for (Index y = 0; y < side; ++y) {
        std::uint8_t* out = sheet.row(row * (side + kGap) + y) + 3 * column * (side + kGap);
        for (Index x = 0; x < side; ++x) std::copy_n(picture.row(y / kZoom) + 3 * (x / kZoom), 3, out + 3 * x);
      }
    }
  }
  return sheet;
}

int run_reconstruct(ReconstructCommand& command) {
  std::vector<std::vector<Index>> sets;
  for (const std::string& text : command.layers) sets.push_back(parse_layers(text));
  training::ReconstructionOptions& options = command.options;
  options.images = images_in(command.data, command.count);
  options.test_images = images_in(command.test, command.test_count);
  options.load_image = [](const std::string& path) { return load_image(path); };
  catch_interrupts();
  std::vector<training::Reconstruction> all;
  Json report = Json::list();
  for (std::size_t i = 0; i < sets.size(); ++i) {
    ProgressLine steps("layers " + command.layers[i]);
    ProgressLines parts;
    training::TrainingEvents events;
    events.is_cancelled = is_interrupted;
    events.on_progress = [&](const std::string& what, Index done, Index total) { parts.show(what, done, total); };
    events.on_step = [&](const training::TrainingStep& step) {
      steps.show(step.step, step.of_steps, "loss " + fixed(step.loss, 4));
    };
    options.layers = sets[i];
    options.trainer.output = name_with(command.folder + "/layers", sets[i]);
    all.push_back(training::reconstruct(options, events));
    steps.finish();
    if (!all.back().is_complete) return kInterrupted;
    report.push_back({{"layers", sets[i]},
                      {"mean_squared_error", all.back().mean_squared_error},
                      {"psnr_db", all.back().psnr},
                      {"mean_colour_error", all.back().mean_image_error}});
    write_out(report[i].dump() + "\n");
  }
  write_png(command.folder + "/sheet.png", sheet_of(all));
  write_file(command.folder + "/reconstruction.json", report.dump(1) + "\n");
  return kOk;
}

}  // namespace

void add_reconstruct(Command& command) {
  const auto options = std::make_shared<ReconstructCommand>();
  training::OptimizationConfig& optimization = options->options.trainer.optimization;
  optimization.steps = 1000;
  optimization.batch_size = 32;
  optimization.learning_rate = 1e-3;
  options->options.threads = ThreadPool::default_size();
  command.description = "Train decoders to paint images again from layers of the vision tower";
  command.text("--model", options->options.model, "With the tower to look into").type("DIR").required();
  command.text("--data", options->data, "A folder of images to learn from").type("DIR").required();
  command.text("--test", options->test, "A folder of images to measure and to show").type("DIR").required();
  add_layer_sets(command, options->layers, "What a decoder sees, such as 5 or 2,4,5; once for each decoder").required();
  command
      .text("-o,--output", options->folder, "Decoders, reconstruction.json and sheet.png; an interrupted run goes on")
      .type("DIR")
      .required();
  command.number("--count", options->count, 1, 1'000'000, "Images to learn from, at most");
  command.number("--test-count", options->test_count, 1, 1'000'000, "Images to measure, at most");
  command.number("--steps", optimization.steps, 1, 100'000'000);
  command.number("--batch-size", optimization.batch_size, 1, 65536);
  command.number("--learning-rate", optimization.learning_rate, 0, 1, "The highest, after warm-up");
  command.number("--hidden-size", options->options.hidden_size, 4, 4096, "Of the decoder; a multiple of four");
  command.number("--blocks", options->options.num_hidden_layers, 0, 64, "Transformer blocks of the decoder");
  command.number("--save-every", options->options.trainer.save_every, 1, 100'000'000, "Steps");
  command.seed(options->options.seed, "Of the order and the decoder's first weights");
  command.number("--threads", options->options.threads, 1, ThreadPool::kMaxThreads);
  command.run = [options] { return run_reconstruct(*options); };
}

}  // namespace tool
