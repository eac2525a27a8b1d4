#include "tools/compare_models.hpp"

#include <algorithm>
#include <cmath>

#include "sharpeye/metrics/evaluate.hpp"
#include "sharpeye/pipeline/caption_many.hpp"
#include "tools/images.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

double cosine(const std::vector<float>& a, const TensorView& b) {
  double product = 0, norm_a = 0, norm_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b.data[i];
    product += x * y;
    norm_a += x * x;
    norm_b += y * y;
  }
  return product / std::max(1e-300, std::sqrt(norm_a) * std::sqrt(norm_b));
}

}  // namespace

std::map<std::string, double> stage_cosines(const std::shared_ptr<const CaptionModel>& before,
                                            const std::shared_ptr<const CaptionModel>& after,
                                            const std::vector<Image>& images, ThreadPool& pool) {
  std::map<std::string, double> least;
  if (images.empty()) return least;  // and perhaps there are no models
  Captioner first(before, pool), second(after, pool);
  for (const Image& image : images) {
    require(!is_interrupted(), ErrorCode::kCancelled, "quantize: cancelled");
    std::map<std::string, std::vector<float>> expected;
    CaptionOptions options;
    options.is_cancelled = is_interrupted;
    options.on_tensor = [&](const std::string& name, const TensorView& values) {
      expected[name].assign(values.data, values.data + values.size());
    };
    const Caption caption = first(image, options);
    options.initial = caption.initial;
    options.on_tensor = [&](const std::string& name, const TensorView& values) {
      if (name == "pixel_values" || contains(name, "inputs_embeds") || contains(name, "ser.features")) return;
      const double value = cosine(expected.at(name), values);
      least[name] = least.count(name) == 0 ? value : std::min(least[name], value);
    };
    second(image, options);
  }
  return least;
}

Agreement compare_captions(const std::shared_ptr<const CaptionModel>& before,
                           const std::shared_ptr<const CaptionModel>& after, const training::Dataset& data,
                           int threads) {
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
    return caption_many(model, paths, threads, callbacks);
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

}  // namespace tool
