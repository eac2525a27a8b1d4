#include "tools/session.hpp"

#include "tools/images.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

std::optional<Aspect> to_aspect(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return name == "pad" ? Aspect::kPad : name == "crop" ? Aspect::kCrop : Aspect::kSquash;
}

std::shared_ptr<const CaptionModel> load_model(const SessionOptions& options, ThreadPool& pool) {
  LoadOptions load = options.load;
  load.pool = &pool;
  return CaptionModel::load(options.model, load);
}

}  // namespace

Option& SessionOptions::add_to(Command& command) {
  Option& folder = command.text("--model", model, "The model directory").type("DIR").required();
  command.number("--threads", threads, 1, ThreadPool::kMaxThreads,
                 "Threads to compute with; the result is the same for any number");
  command.text("--aspect", aspect, "How an image becomes square, instead of the model's own way")
      .one_of({"pad", "crop", "squash"});
  command.flag("--no-exif", no_exif, "Do not turn images upright by their EXIF orientation");
  command.flag(
      "--no-split", no_split,
      "Look at the whole image only, where the model would split it into tiles (SmolVLM): faster, with less detail");
  command.number("--max-pixels", max_pixels, 1, std::uint64_t{1} << 32, "Refuse larger images");
  command.flag(
      "--map", [this] { load.mode = LoadMode::kMap; },
      "Map the weights instead of reading them: a packed model is there at once, its elements unchecked. The files "
      "must "
      "not change meanwhile");
  command.flag("--allow-non-finite", load.allow_non_finite, "Accept NaN and infinite weights");
  return folder;
}

Session::Session(const SessionOptions& options)
    : aspect_(to_aspect(options.aspect)),
      no_exif_(options.no_exif),
      no_split_(options.no_split),
      pool_(options.threads),
      model_(load_model(options, pool_)),
      captioner_(captioner_on(pool_)) {
  decode_.max_pixels = options.max_pixels;
  if (read_json_file(options.model + "/config.json", kConfigFileLimit).contains("sharpeye_note")) {
    report("random weights: the words mean nothing");
  }
}

std::unique_ptr<Captioner> Session::captioner_on(ThreadPool& pool) const {
  auto captioner = std::make_unique<Captioner>(model_, pool);
  if (aspect_) captioner->set_aspect(*aspect_);
  if (no_exif_) captioner->set_apply_exif(false);
  if (no_split_) captioner->set_split(false);
  return captioner;
}

Image Session::image(const std::string& name) const {
  return load_image(name, decode_);
}

}  // namespace tool
