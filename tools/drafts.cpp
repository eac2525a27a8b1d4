#include "tools/drafts.hpp"

#include <filesystem>

#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/perturber.hpp"
#include "tools/caption_many.hpp"

namespace tool {
namespace {

// The model's one-glance captions of the first images, greedy; kept as a JSON list.
std::vector<std::string> own_captions(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                                      const Dataset& data, std::size_t count, ThreadPool& pool) {
  const std::string path = command.run.output + "/own_captions.json";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const Json kept = read_json_file(path, kMaxCaptionsFileBytes);
    if (kept.is_array() && kept.size() == count) return kept.get<std::vector<std::string>>();
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) paths.push_back(data.images[i].path);
  CaptionOptions options;
  options.rounds = 0;
  options.generation = model->generation();
  options.generation->num_beams = 1;
  ProgressLine progress("own captions");
  std::vector<std::string> captions;
  for (const Caption& caption : caption_many(
           model, paths, pool, [&](std::size_t) { return options; }, progress)) {
    captions.push_back(caption.initial);
  }
  progress.finish();
  std::filesystem::create_directories(command.run.output);
  AtomicFile file(path);
  file.write(Json(captions).dump());
  file.commit();
  return captions;
}

DraftMaker edited_drafts(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                         const Dataset& data, ThreadPool& pool) {
  const std::string beside =
      (std::filesystem::is_directory(command.data) ? std::filesystem::path(command.data)
                                                   : std::filesystem::path(command.data).parent_path()) /
      "lexicon.json";
  const auto lexicon =
      std::make_shared<const Lexicon>(Lexicon::load(command.lexicon.empty() ? beside : command.lexicon));
  std::shared_ptr<ConfusionCounts> confusions;
  if (command.drafts == "confusion") {
    confusions = std::make_shared<ConfusionCounts>(*lexicon);
    const auto own = own_captions(command, model, data, std::min<std::size_t>(2000, data.images.size()), pool);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto& references = data.images[i].captions;
      confusions->add(references[nearest_reference(references, own[i])], own[i]);
    }
  }
  const auto perturber = std::make_shared<const Perturber>(*lexicon, PerturberOptions{}, confusions.get());
  return [&data, lexicon, confusions, perturber, seed = command.run_seed()](std::size_t image, std::size_t caption,
                                                                            std::uint64_t example, std::uint64_t k) {
    Random random(seed + 1 + k, example);
    return perturber->perturb(data.images[image].captions[caption], random).text;
  };
}

}  // namespace

std::unique_ptr<DraftMaker> make_drafts(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                                        const Dataset& data, ThreadPool& pool) {
  if (command.drafts == "own") {
    auto own =
        std::make_shared<const std::vector<std::string>>(own_captions(command, model, data, data.images.size(), pool));
    return std::make_unique<DraftMaker>(
        [own](std::size_t image, std::size_t, std::uint64_t, std::uint64_t) { return (*own)[image]; });
  }
  if (command.drafts == "far") {
    require(data.images.size() > 1, ErrorCode::kInvalidArgument, "--drafts far: expected two images or more");
    return std::make_unique<DraftMaker>(
        [&data, seed = command.run_seed()](std::size_t image, std::size_t, std::uint64_t example, std::uint64_t k) {
          Random random(seed + 1 + k, example);
          const std::size_t other = random.below(data.images.size() - 1);
          const auto& captions = data.images[other + (other >= image ? 1 : 0)].captions;
          return captions[random.below(captions.size())];
        });
  }
  if (command.drafts == "given") {
    for (const CaptionedImage& image : data.images) {
      for (const auto& drafts : image.pseudo) {
        require(!drafts.empty(), ErrorCode::kFormat, image.path,
                ": \"pseudo\": expected a draft of each caption, actual none");
      }
    }
    return std::make_unique<DraftMaker>(
        [&data](std::size_t image, std::size_t caption, std::uint64_t, std::uint64_t k) {
          const auto& drafts = data.images[image].pseudo[caption];
          return drafts[k % drafts.size()];
        });
  }
  return std::make_unique<DraftMaker>(edited_drafts(command, model, data, pool));
}

}  // namespace tool
