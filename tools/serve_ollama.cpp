/// @file
/// Ollama's API.

#include <ctime>

#include "sharpeye/core/words.hpp"
#include "sharpeye/version.hpp"
#include "tools/serve_api.hpp"

namespace tool {
namespace {

// "2026-11-27T11:05:00Z"
std::string time_text(std::int64_t seconds) {
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, length);
}

std::int64_t nanoseconds(double milliseconds) {
  return static_cast<std::int64_t>(milliseconds * 1e6);
}

std::string line(const Json& json) {
  return json.dump() + "\n";
}

// Of /api/generate the text is "response", of /api/chat a message.
class OllamaAnswer : public Answer {
 public:
  OllamaAnswer(std::string model, bool is_chat, std::optional<Index> growing_round)
      : model_(std::move(model)), is_chat_(is_chat), growing_round_(growing_round) {}

  std::string whole(const std::vector<Captioned>& captions) const override {
    GrowingText text;
    std::string content;
    for (std::size_t i = 0; i < captions.size(); ++i) content += text.more(i, captions[i].text);
    return line(last(content, captions));
  }

  const char* stream_type() const override { return "application/x-ndjson"; }
  std::string progress(std::size_t image, const CaptionProgress& progress) override {
    return progress.round == growing_round_ ? part(image, progress.text) : std::string();
  }
  std::string caption(std::size_t image, const Captioned& captioned) override { return part(image, captioned.text); }
  std::string end(const std::vector<Captioned>& captions) override { return line(last("", captions)); }
  std::string failure(const HttpError& error) const override { return ollama_error(error); }

 private:
  std::string part(std::size_t image, const std::string& text) {
    const std::string more = text_.more(image, text);
    if (more.empty()) return more;
    Json json = head(more);
    json["done"] = false;
    return line(json);
  }

  Json head(const std::string& text) const {
    Json json{{"model", model_}, {"created_at", time_text(std::time(nullptr))}};
    if (is_chat_) {
      json["message"] = {{"role", "assistant"}, {"content", text}};
    } else {
      json["response"] = text;
    }
    return json;
  }

  Json last(const std::string& text, const std::vector<Captioned>& captions) const {
    Json json = head(text);
    json["done"] = true;
    json["done_reason"] = captions.empty() ? "load" : captions.back().is_cut ? "length" : "stop";
    if (captions.empty()) return json;
    Index prompt = 0, tokens = 0;
    double total = 0, reading = 0, writing = 0;
    for (const Captioned& captioned : captions) {
      const CaptionTimings& timings = captioned.caption.timings;
      prompt += captioned.prompt_tokens;
      tokens += static_cast<Index>(captioned.caption.refined_ids.size());
      total += timings.total;
      writing += timings.pass1_decode + timings.pass2_decode;
      reading += timings.total - timings.pass1_decode - timings.pass2_decode;
    }
    if (!is_chat_) json["context"] = Json::list();
    json["total_duration"] = nanoseconds(total);
    json["load_duration"] = 0;
    json["prompt_eval_count"] = prompt;
    json["prompt_eval_duration"] = nanoseconds(reading);
    json["eval_count"] = tokens;
    json["eval_duration"] = nanoseconds(writing);
    return json;
  }

  std::string model_;
  bool is_chat_;
  std::optional<Index> growing_round_;
  GrowingText text_;
};

// Ollama's images: a list of base64 texts.
void read_images(const Json& images, const std::string& place, CaptionTask& task) {
  if (images.is_null()) return;
  if (!images.is_list()) throw HttpError(400, concat(place, ": expected a list, actual ", images.type_name()));
  task.images.clear();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::string where = concat(place, "[", i, "]");
    if (!images[i].is_text()) throw HttpError(400, concat(where, ": expected base64, actual ", images[i].type_name()));
    task.images.push_back(read_sent_image(images[i].get<std::string>(), where));
  }
}

const Json& value_or_null(const Json& object, std::string_view key) {
  static const Json none;
  const Json* value = object.find(key);
  return value == nullptr ? none : *value;
}

// A message's text; Ollama's clients send null, or nothing, for none.
std::string text_of(const Json& message, std::string_view key, const std::string& place, bool may_be_missing) {
  if (!message.is_object()) throw HttpError(400, concat(place, ": expected an object, actual ", message.type_name()));
  const Json& value = value_or_null(message, key);
  if (value.is_null() && may_be_missing) return {};
  if (!value.is_text()) throw HttpError(400, concat(place, ".", key, ": expected text, actual ", value.type_name()));
  return value.get<std::string>();
}

CaptionTask read_task(const JsonReader& json, const ServeContext& context, CaptionTask task, const std::string& prompt,
                      bool is_chat) {
  CaptionWishes wishes;
  // "", or null: text. "json" and a schema are promises that a captioner does not keep.
  if (json.has("format") && !(json.is_text("format") && json.text("format").empty()))
    throw HttpError(400, json.where("format") + ": expected none: this model captions images as plain text");
  if (json.is_list("tools") && json.value("tools").size() > 0)
    throw HttpError(400, json.where("tools") + ": expected none: this model captions images and calls no tools");
  task.streams = json.boolean("stream", true);
  if (json.has("options")) {
    const JsonReader options = json.object("options");
    if (options.has("num_predict"))
      take_length(options.integer("num_predict", -2, Index{1} << 31), context.model, wishes);
    take_sampling(options, context.limits, wishes, task);
    take_stop(options, wishes);
  }
  take_prompt(prompt, context.limits, wishes, task);
  task.options = to_options(wishes, context.model);
  task.min_confidence = context.limits.min_confidence;
  task.answer = std::make_unique<OllamaAnswer>(context.model.name, is_chat, growing_round(task));
  return task;
}

Json details_of(const ServedModel& model) {
  const std::string millions = fixed(static_cast<double>(model.parameters) / 1e6, 2) + "M";
  return {{"parent_model", ""},         {"format", "safetensors"},
          {"family", "mm-ser"},         {"families", Json::list({"mm-ser"})},
          {"parameter_size", millions}, {"quantization_level", ""}};
}

}  // namespace

CaptionTask read_ollama_generate(const JsonReader& json, const ServeContext& context) {
  require_model(json.text("model"), context.model);
  CaptionTask task;
  const std::string prompt = json.text("prompt", "");
  if (json.has("images")) read_images(json.value("images"), json.where("images"), task);
  if (task.images.empty() && !prompt.empty())
    throw HttpError(400,
                    json.where("images") + ": expected an image: this model captions images and does nothing else");
  return read_task(json, context, std::move(task), prompt, false);
}

CaptionTask read_ollama_chat(const JsonReader& json, const ServeContext& context) {
  require_model(json.text("model"), context.model);
  CaptionTask task;
  std::string prompt;
  static const Json kNone = Json::list();
  const Json& messages = json.has("messages") ? json.value("messages") : kNone;
  if (!messages.is_list())
    throw HttpError(400, concat(json.where("messages"), ": expected a list, actual ", messages.type_name()));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string place = concat(json.where("messages"), "[", i, "]");
    const std::string text = text_of(messages[i], "content", place, true);
    if (text_of(messages[i], "role", place, false) == "user") prompt = text;
    const Json& images = value_or_null(messages[i], "images");
    if (images.size() > 0 || !images.is_list()) read_images(images, place + ".images", task);
  }
  if (task.images.empty() && messages.size() > 0)
    throw HttpError(400, json.where("messages") +
                             ": expected a message with images: this model captions images and does nothing else");
  return read_task(json, context, std::move(task), prompt, true);
}

Json ollama_tags(const ServedModel& model) {
  const Json entry{{"name", model.name},  {"model", model.name}, {"modified_at", time_text(model.created)},
                   {"size", model.bytes}, {"digest", ""},        {"details", details_of(model)},
                   {"size_vram", 0}};
  return {{"models", Json::list({entry})}};
}

Json ollama_show(const JsonReader& json, const ServedModel& model) {
  require_model(json.has("model") ? json.text("model") : json.text("name"), model);
  return {{"modelfile", ""},
          {"parameters", ""},
          {"template", "{{ .Prompt }}"},
          {"details", details_of(model)},
          {"model_info", Json{{"general.architecture", "mm-ser"}, {"general.parameter_count", model.parameters}}},
          {"capabilities", Json::list({"completion", "vision"})},
          {"modified_at", time_text(model.created)}};
}

Json ollama_version() {
  return {{"version", SHARPEYE_VERSION_STRING}};
}

std::string ollama_error(const HttpError& error) {
  return line({{"error", error.what()}});
}

}  // namespace tool
