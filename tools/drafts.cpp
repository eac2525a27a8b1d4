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
    if (kept.is_list() && kept.size() == count) return kept.get<std::vector<std::string>>();
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
           model, paths, pool.size(), [&](std::size_t) { return options; }, progress)) {
    captions.push_back(caption.initial);
  }
  progress.finish();
  std::filesystem::create_directories(command.run.output);
  AtomicFile file(path);
  file.write(Json(captions).dump());
  file.commit();
  return captions;
}

// Edits drawn uniformly, or as the model confuses words in `own`, its captions of the first images.
DraftMaker edited_drafts(const TrainCommand& command, const Dataset& data, const std::vector<std::string>& own) {
  const std::string beside =
      (std::filesystem::is_directory(command.data) ? std::filesystem::path(command.data)
                                                   : std::filesystem::path(command.data).parent_path()) /
      "lexicon.json";
  const auto lexicon =
      std::make_shared<const Lexicon>(Lexicon::load(command.lexicon.empty() ? beside : command.lexicon));
  std::shared_ptr<ConfusionCounts> confusions;
  if (!own.empty()) {
    confusions = std::make_shared<ConfusionCounts>(*lexicon);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto& references = data.images[i].captions;
      confusions->add(references[nearest_reference(references, own[i])], own[i]);
    }
  }
  const auto perturber = std::make_shared<const Perturber>(*lexicon, PerturberOptions{}, confusions.get());
  return [&data, lexicon, confusions, perturber, seed = command.run_seed()](std::size_t image, std::size_t caption,
                                                                            std::uint64_t example, std::uint64_t k) {
    Random random(seed + 1 + k, example);
    return Draft{perturber->perturb(data.images[image].captions[caption], random).text, caption};
  };
}

// Captions of other images.
DraftMaker far_drafts(const TrainCommand& command, const Dataset& data) {
  require(data.images.size() > 1, ErrorCode::kInvalidArgument, "--drafts far: expected two images or more");
  return [&data, seed = command.run_seed()](std::size_t image, std::size_t caption, std::uint64_t example,
                                            std::uint64_t k) {
    Random random(seed + 1 + k, example);
    const std::size_t other = random.below(data.images.size() - 1);
    const auto& captions = data.images[other + (other >= image ? 1 : 0)].captions;
    return Draft{captions[random.below(captions.size())], caption};
  };
}

// The data's own "pseudo".
DraftMaker given_drafts(const Dataset& data) {
  for (const CaptionedImage& image : data.images) {
    for (const auto& drafts : image.pseudo) {
      require(!drafts.empty(), ErrorCode::kFormat, image.path,
              ": \"pseudo\": expected a draft of each caption, actual none");
    }
  }
  return [&data](std::size_t image, std::size_t caption, std::uint64_t, std::uint64_t k) {
    const auto& drafts = data.images[image].pseudo[caption];
    return Draft{drafts[k % drafts.size()], caption};
  };
}

}  // namespace

DraftMaker make_drafts(const TrainCommand& command, const std::shared_ptr<const CaptionModel>& model,
                       const Dataset& data, ThreadPool& pool) {
  const std::string& kind = command.drafts;
  if (kind == "far") return far_drafts(command, data);
  if (kind == "given") return given_drafts(data);
  if (kind == "uniform") return edited_drafts(command, data, {});
  const std::size_t count = kind == "confusion" ? std::min<std::size_t>(2000, data.images.size()) : data.images.size();
  const auto own = std::make_shared<const std::vector<std::string>>(own_captions(command, model, data, count, pool));
  if (kind == "own") {
    return [own](std::size_t image, std::size_t caption, std::uint64_t, std::uint64_t) {
      return Draft{(*own)[image], caption};
    };
  }
  if (kind == "confusion") return edited_drafts(command, data, *own);
  std::vector<std::size_t> nearest;
  for (std::size_t i = 0; i < own->size(); ++i)
    nearest.push_back(nearest_reference(data.images[i].captions, (*own)[i]));
  const DraftMaker nearest_drafts = [own, nearest](std::size_t image, std::size_t, std::uint64_t, std::uint64_t) {
    return Draft{(*own)[image], nearest[image]};
  };
  if (kind == "nearest") return nearest_drafts;
  return [nearest_drafts, edited = edited_drafts(command, data, *own), seed = command.run_seed()](
             std::size_t image, std::size_t caption, std::uint64_t example, std::uint64_t k) {
    return (Random(seed + 7 + k, example).below(2) == 0 ? nearest_drafts : edited)(image, caption, example, k);
  };
}

}  // namespace tool
