/// @file
/// Our own API: /v1/captions tells all that a caption has.

#include <limits>

#include "sharpeye/core/words.hpp"
#include "tools/caption_output.hpp"
#include "tools/serve_api.hpp"

namespace tool {
namespace {

std::string line(const Json& json) {
  return json.dump() + "\n";
}

class CaptionsAnswer : public Answer {
 public:
  CaptionsAnswer(std::string model, std::optional<double> min_confidence)
      : model_(std::move(model)), min_confidence_(min_confidence) {}

  std::string whole(const std::vector<Captioned>& captions) const override {
    Json json{{"model", model_}, {"captions", Json::list()}};
    for (const Captioned& captioned : captions) json["captions"].push_back(to_json(captioned.caption, min_confidence_));
    return line(json);
  }

  const char* stream_type() const override { return "application/x-ndjson"; }
  // The text so far of a round. A later line takes its place, until the round is complete.
  std::string progress(std::size_t image, const CaptionProgress& progress) override {
    return part(image, progress.round, progress.text, false);
  }
  std::string glance(std::size_t image, Index round, const std::string& text) override {
    return part(image, round, text, true);
  }
  std::string caption(std::size_t image, const Captioned& captioned) override {
    return line({{"image", image}, {"caption", to_json(captioned.caption, min_confidence_)}});
  }
  std::string end(const std::vector<Captioned>&) override { return line({{"model", model_}, {"done", true}}); }
  std::string failure(const HttpError& error) const override { return openai_error(error); }

 private:
  static std::string part(std::size_t image, Index round, const std::string& text, bool is_complete) {
    return line({{"image", image}, {"round", round}, {"text", text}, {"complete", is_complete}});
  }

  std::string model_;
  std::optional<double> min_confidence_;
};

const std::vector<std::string> kKeys{"model", "image",          "images", "stream",      "glances",       "rounds",
                                     "beams", "max_new_tokens", "sample", "temperature", "top_k",         "top_p",
                                     "seed",  "stop",           "prompt", "deadline_ms", "min_confidence"};

CaptionWishes read_wishes(const JsonReader& json) {
  CaptionWishes wishes;
  if (json.has("rounds")) wishes.rounds = json.integer("rounds", 0, 100);
  if (json.has("glances")) {
    const Index glances = json.integer("glances", 1, 2);
    require(!wishes.rounds || *wishes.rounds == glances - 1, ErrorCode::kConfig, json.where("rounds"), ": expected ",
            glances - 1, " with glances ", glances, ", actual ", wishes.rounds.value_or(0));
    wishes.rounds = glances - 1;
  }
  if (json.has("beams")) wishes.beams = json.integer("beams", 1, 64);
  if (json.has("max_new_tokens")) wishes.max_new_tokens = json.integer("max_new_tokens", 1, Index{1} << 17);
  if (json.has("sample")) wishes.sample = json.boolean("sample");
  if (json.has("temperature")) wishes.temperature = json.number("temperature", 1e-4, 1e4);
  if (json.has("top_k")) wishes.top_k = json.integer("top_k", 0, Index{1} << 21);
  if (json.has("top_p")) wishes.top_p = json.number("top_p", 0, 1);
  if (json.has("seed"))
    wishes.seed = static_cast<std::uint64_t>(json.integer("seed", 0, std::numeric_limits<Index>::max()));
  if (json.has("prompt")) wishes.prompt = json.text("prompt");
  if (json.has("deadline_ms")) wishes.deadline_ms = json.integer("deadline_ms", 0, Index{1} << 31);
  take_stop(json, wishes);
  return wishes;
}

}  // namespace

CaptionTask read_captions(ServeRequest&& request, const ServeContext& context) {
  CaptionTask task;
  task.min_confidence = context.limits.min_confidence;
  if (request.content_type.compare(0, 6, "image/") == 0 || request.content_type == "application/octet-stream") {
    task.images.push_back({std::move(request.body), "request"});
    task.options = to_options({}, context.model);
    task.answer = std::make_unique<CaptionsAnswer>(context.model.name, task.min_confidence);
    return task;
  }
  const JsonReader json = read_json_body(std::move(request));
  json.require_known_keys(kKeys);
  if (json.has("model")) require_model(json.text("model"), context.model);
  task.streams = json.boolean("stream", false);
  if (json.has("min_confidence")) task.min_confidence = json.number("min_confidence", 0, 1);
  task.answer = std::make_unique<CaptionsAnswer>(context.model.name, task.min_confidence);
  task.options = to_options(read_wishes(json), context.model);
  if (json.has("image")) task.images.push_back(read_sent_image(json.text("image"), json.where("image")));
  if (json.has("images")) {
    require(task.images.empty(), ErrorCode::kConfig, json.where("images"), ": expected no image beside it");
    const Json& images = json.value("images");
    require(images.is_list(), ErrorCode::kConfig, json.where("images"), ": expected a list, actual ",
            images.type_name());
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::string place = concat(json.where("images"), "[", i, "]");
      require(images[i].is_text(), ErrorCode::kConfig, place, ": expected base64 or a data URI, actual ",
              images[i].type_name());
      task.images.push_back(read_sent_image(images[i].get<std::string>(), place));
    }
  }
  require(!task.images.empty(), ErrorCode::kConfig, json.where("images"),
          ": expected one or more images, as base64 or data URIs");
  return task;
}

}  // namespace tool
