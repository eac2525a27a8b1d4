#pragma once

/// @file
/// Bodies of drafts.hpp.

#include "sharpeye/training/drafts.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/random.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/pipeline/caption_many.hpp"
#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/load_dataset.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY const std::vector<std::string>& draft_kinds() {
  static const std::vector<std::string> kinds{"uniform", "confusion", "own", "nearest", "mixed", "far", "given"};
  return kinds;
}

SHARPEYE_BODY Drafts::Drafts(const StageOptions& options, const Dataset& data)
    : options_(options), data_(data), seed_(options.run_seed()) {
  const auto& kinds = draft_kinds();
  require(std::find(kinds.begin(), kinds.end(), options.drafts) != kinds.end(), ErrorCode::kInvalidArgument,
          "drafts: expected a kind of draft, actual ", in_quotes(options.drafts), did_you_mean(options.drafts, kinds));
  require(!is("far") || data.images.size() > 1, ErrorCode::kInvalidArgument,
          "drafts: far: expected two images or more");
  if (is("given")) {
    for (const CaptionedImage& image : data.images) {
      for (const auto& drafts : image.pseudo) {
        require(!drafts.empty(), ErrorCode::kFormat, image.path,
                ": \"pseudo\": expected a draft of each caption, actual none");
      }
    }
  }
  if (is("uniform") || is("confusion") || is("mixed")) {
    lexicon_ = std::make_unique<const Lexicon>(
        Lexicon::load(options.lexicon.empty() ? lexicon_beside(options.data) : options.lexicon));
  }
  std::error_code ignored;
  if (num_own() > 0 && std::filesystem::exists(own_path(), ignored)) {
    const Json kept = read_json_file(own_path(), kMaxCaptionsFileBytes);
    if (kept.is_list() && kept.size() == num_own()) own_ = kept.get<std::vector<std::string>>();
  }
}

SHARPEYE_BODY std::size_t Drafts::num_own() const {
  if (is("confusion")) return std::min<std::size_t>(2000, data_.images.size());
  return is("own") || is("nearest") || is("mixed") ? data_.images.size() : 0;
}

SHARPEYE_BODY void Drafts::prepare(const std::shared_ptr<const CaptionModel>& model, int threads,
                                   const TrainingEvents& events) {
  if (own_.size() < num_own()) {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < num_own(); ++i) paths.push_back(data_.images[i].path);
    CaptionOptions options;
    options.rounds = 0;
    options.generation = model->generation();
    options.generation->num_beams = 1;
    CaptionManyCallbacks callbacks;
    callbacks.load = options_.load_image;
    callbacks.options = [&](std::size_t) { return options; };
    callbacks.is_cancelled = events.is_cancelled;
    callbacks.on_progress = [&](Index done, Index total) {
      if (events.on_progress) events.on_progress("own captions", done, total);
    };
    for (const Caption& caption : caption_many(model, paths, threads, callbacks)) own_.push_back(caption.initial);
    std::filesystem::create_directories(options_.trainer.output);
    write_file(own_path(), Json(own_).dump());
  }
  for (std::size_t i = 0; i < own_.size(); ++i)
    nearest_.push_back(nearest_reference(data_.images[i].captions, own_[i]));
  if (lexicon_ == nullptr) return;
  if (!own_.empty()) {
    auto confusions = std::make_unique<ConfusionCounts>(*lexicon_);
    for (std::size_t i = 0; i < own_.size(); ++i) confusions->add(data_.images[i].captions[nearest_[i]], own_[i]);
    confusions_ = std::move(confusions);
  }
  perturber_ = std::make_unique<const Perturber>(*lexicon_, PerturberOptions{}, confusions_.get());
}

SHARPEYE_BODY Draft Drafts::edited(std::size_t image, std::size_t caption, std::uint64_t example,
                                   std::uint64_t k) const {
  Random random(seed_ + 1 + k, example);
  return {perturber_->perturb(data_.images[image].captions[caption], random).text, caption};
}

SHARPEYE_BODY Draft Drafts::operator()(std::size_t image, std::size_t caption, std::uint64_t example,
                                       std::uint64_t k) const {
  if (is("own")) return {own_[image], caption};
  if (is("nearest")) return {own_[image], nearest_[image]};
  if (is("mixed") && Random(seed_ + 7 + k, example).below(2) == 0) return {own_[image], nearest_[image]};
  if (is("given")) {
    const auto& drafts = data_.images[image].pseudo[caption];
    return {drafts[k % drafts.size()], caption};
  }
  if (is("far")) {
    Random random(seed_ + 1 + k, example);
    const std::size_t other = random.below(data_.images.size() - 1);
    const auto& captions = data_.images[other + (other >= image ? 1 : 0)].captions;
    return {captions[random.below(captions.size())], caption};
  }
  return edited(image, caption, example, k);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
