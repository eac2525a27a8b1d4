/// @file
/// OpenAI's API: chat completions, and the list of models.

#include <ctime>

#include "sharpeye/core/words.hpp"
#include "tools/serve_api.hpp"

namespace tool {
namespace {

constexpr Index kMostTokens = Index{1} << 31;

std::string event(const Json& json) {
  return "data: " + json.dump() + "\n\n";
}

Json usage_of(const std::vector<Captioned>& captions) {
  Index prompt = 0, completion = 0;
  for (const Captioned& captioned : captions) {
    prompt += captioned.prompt_tokens;
    completion += static_cast<Index>(captioned.caption.refined_ids.size());
  }
  return {{"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

const char* reason_of(const std::vector<Captioned>& captions) {
  return captions.back().is_cut ? "length" : "stop";
}

class ChatAnswer : public Answer {
 public:
  ChatAnswer(std::string id, std::string model, std::optional<Index> growing_round, bool tells_usage)
      : id_(std::move(id)), model_(std::move(model)), growing_round_(growing_round), tells_usage_(tells_usage) {}

  std::string whole(const std::vector<Captioned>& captions) const override {
    GrowingText text;
    std::string content;
    for (std::size_t i = 0; i < captions.size(); ++i) content += text.more(i, captions[i].text);
    Json reply = head("chat.completion");
    reply["choices"] =
        Json::list({{{"index", 0},
                     {"message", Json{{"role", "assistant"}, {"content", content}, {"refusal", nullptr}}},
                     {"logprobs", nullptr},
                     {"finish_reason", reason_of(captions)}}});
    reply["usage"] = usage_of(captions);
    return reply.dump() + "\n";
  }

  const char* stream_type() const override { return "text/event-stream"; }
  std::string begin() override { return chunk({{"role", "assistant"}, {"content", ""}}, nullptr); }
  std::string progress(std::size_t image, const CaptionProgress& progress) override {
    return progress.round == growing_round_ ? delta(image, progress.text) : std::string();
  }
  std::string caption(std::size_t image, const Captioned& captioned) override { return delta(image, captioned.text); }
  std::string end(const std::vector<Captioned>& captions) override {
    std::string text = chunk(Json::object(), reason_of(captions));
    if (tells_usage_) {
      Json last = head("chat.completion.chunk");
      last["choices"] = Json::list();
      last["usage"] = usage_of(captions);
      text += event(last);
    }
    return text + "data: [DONE]\n\n";
  }
  std::string failure(const HttpError& error) const override {
    return event(parse_json(openai_error(error), "error")) + "data: [DONE]\n\n";
  }

 private:
  Json head(const char* object) const {
    return {
        {"id", id_}, {"object", object}, {"created", static_cast<std::int64_t>(std::time(nullptr))}, {"model", model_}};
  }
  std::string delta(std::size_t image, const std::string& text) {
    const std::string more = text_.more(image, text);
    return more.empty() ? more : chunk({{"content", more}}, nullptr);
  }
  std::string chunk(const Json& delta, const Json& reason) const {
    Json json = head("chat.completion.chunk");
    json["choices"] = Json::list({{{"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", reason}}});
    if (tells_usage_) json["usage"] = nullptr;
    return event(json);
  }

  std::string id_, model_;
  std::optional<Index> growing_round_;
  bool tells_usage_;
  GrowingText text_;
};

const Json& member(const Json& object, const char* key, const std::string& place) {
  const Json* value = object.find(key);
  if (value == nullptr) throw HttpError(400, concat(place, ": expected an object with ", key));
  return *value;
}

std::string text_at(const Json& value, const std::string& place) {
  if (!value.is_text()) throw HttpError(400, concat(place, ": expected text, actual ", value.type_name()));
  return value.get<std::string>();
}

bool is_image(const Json& part) {
  const Json* type = part.find("type");
  return type != nullptr && (*type == "image_url" || *type == "input_image");
}

// The address of an image part: {"url": ...} in chat completions, a text in responses.
SentImage read_image_part(const Json& part, const std::string& place) {
  const std::string url_place = place + ".image_url";
  const Json& url = member(part, "image_url", place);
  return url.is_object()
             ? read_sent_image(text_at(member(url, "url", url_place), url_place + ".url"), url_place + ".url")
             : read_sent_image(text_at(url, url_place), url_place);
}

// Joins the texts of a message's content, and says whether it has images.
bool read_content(const Json& content, const std::string& place, std::string& text) {
  if (content.is_text() || content.is_null()) {
    text = content.is_null() ? "" : content.get<std::string>();
    return false;
  }
  if (!content.is_list())
    throw HttpError(400, concat(place, ": expected text or a list of parts, actual ", content.type_name()));
  bool has_images = false;
  text.clear();
  for (std::size_t i = 0; i < content.size(); ++i) {
    const Json& part = content[i];
    const std::string where = concat(place, "[", i, "]");
    const std::string type = text_at(member(part, "type", where), where + ".type");
    if (is_image(part)) {
      has_images = true;
    } else if (type == "text" || type == "input_text" || type == "output_text") {
      text += (text.empty() ? "" : "\n") + text_at(member(part, "text", where), where + ".text");
    } else {
      throw HttpError(400, concat(where, ".type: expected text or image_url, actual ", in_quotes(type)));
    }
  }
  return has_images;
}

}  // namespace

OpenAiMessages read_openai_messages(const Json& messages, const std::string& place) {
  if (!messages.is_list() || messages.size() == 0)
    throw HttpError(400, concat(place, ": expected a list of messages, actual ", messages.type_name()));
  OpenAiMessages read;
  std::size_t with_images = messages.size();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string where = concat(place, "[", i, "]");
    const std::string role = text_at(member(messages[i], "role", where), where + ".role");
    std::string text;
    const Json* content = messages[i].find("content");
    if (read_content(content == nullptr ? Json() : *content, where + ".content", text)) with_images = i;
    if (role == "user") read.text = std::move(text);
  }
  if (with_images == messages.size())
    throw HttpError(400,
                    concat(place,
                           ": expected a message with an image (a part image_url with a data URI); this "
                           "model captions images and does nothing else"),
                    "image_missing");
  const Json& content = messages[with_images].at("content");
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (is_image(content[i]))
      read.images.push_back(read_image_part(content[i], concat(place, "[", with_images, "].content[", i, "]")));
  }
  return read;
}

CaptionTask read_chat_completion(const JsonReader& json, const ServeContext& context, const std::string& id) {
  require_model(json.text("model"), context.model);
  CaptionTask task;
  CaptionWishes wishes;
  json.integer("n", 1, 1, 1);
  if (json.boolean("logprobs", false)) throw HttpError(400, json.where("logprobs") + ": expected false, actual true");
  if (json.is_list("tools") && json.value("tools").size() > 0)
    throw HttpError(400, json.where("tools") + ": expected none: this model captions images and calls no tools");
  if (json.has("response_format")) json.object("response_format").one_of("type", {"text"}, "text");
  std::optional<Index> length;
  for (const char* key : {"max_tokens", "max_completion_tokens"}) {
    if (json.has(key)) length = json.integer(key, 1, kMostTokens);
  }
  task.streams = json.boolean("stream", false);
  const bool tells_usage = json.has("stream_options") && json.object("stream_options").boolean("include_usage", false);
  take_length(length, context.model, wishes);
  take_sampling(json, context.limits, wishes, task);
  take_stop(json, wishes);
  OpenAiMessages messages =
      read_openai_messages(json.has("messages") ? json.value("messages") : Json(), json.where("messages"));
  take_prompt(messages.text, context.limits, wishes, task);
  task.images = std::move(messages.images);
  task.options = to_options(wishes, context.model);
  task.min_confidence = context.limits.min_confidence;
  task.answer = std::make_unique<ChatAnswer>("chatcmpl-" + id, context.model.name, growing_round(task), tells_usage);
  return task;
}

Json openai_model(const ServedModel& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", model.created}, {"owned_by", "sharpeye"}};
}

Json openai_models(const ServedModel& model) {
  return {{"object", "list"}, {"data", Json::list({openai_model(model)})}};
}

std::string openai_error(const HttpError& error) {
  const char* type = error.status() == 429   ? "rate_limit_error"
                     : error.status() >= 500 ? "server_error"
                                             : "invalid_request_error";
  const Json code = error.code().empty() ? Json() : Json(error.code());
  return Json{{"error", Json{{"message", error.what()}, {"type", type}, {"param", nullptr}, {"code", code}}}}.dump() +
         "\n";
}

}  // namespace tool
