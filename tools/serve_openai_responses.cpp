/// @file
/// OpenAI's API: responses, which PhotoPrism asks for.

#include <ctime>

#include "tools/serve_api.hpp"

namespace tool {
namespace {

class ResponseAnswer : public Answer {
 public:
  ResponseAnswer(std::string id, std::string model) : id_(std::move(id)), model_(std::move(model)) {}

  std::string whole(const std::vector<Captioned>& captions) const override {
    GrowingText growing;
    std::string text;
    Index input = 0, output = 0;
    for (std::size_t i = 0; i < captions.size(); ++i) {
      text += growing.more(i, captions[i].text);
      input += captions[i].prompt_tokens;
      output += static_cast<Index>(captions[i].caption.refined_ids.size());
    }
    const bool is_cut = captions.back().is_cut;
    const char* status = is_cut ? "incomplete" : "completed";
    const Json content{{"type", "output_text"}, {"text", text}, {"annotations", Json::list()}};
    const Json message{{"type", "message"},
                       {"id", "msg_" + id_},
                       {"status", status},
                       {"role", "assistant"},
                       {"content", Json::list({content})}};
    Json reply{{"id", "resp_" + id_},
               {"object", "response"},
               {"created_at", static_cast<std::int64_t>(std::time(nullptr))},
               {"status", status},
               {"error", nullptr},
               {"incomplete_details", is_cut ? Json{{"reason", "max_output_tokens"}} : Json()},
               {"instructions", nullptr},
               {"metadata", Json::object()},
               {"model", model_},
               {"output", Json::list({message})},
               {"parallel_tool_calls", false},
               {"temperature", nullptr},
               {"tool_choice", "none"},
               {"tools", Json::list()},
               {"top_p", nullptr}};
    reply["usage"] = {{"input_tokens", input},
                      {"input_tokens_details", Json{{"cached_tokens", 0}}},
                      {"output_tokens", output},
                      {"output_tokens_details", Json{{"reasoning_tokens", 0}}},
                      {"total_tokens", input + output}};
    return reply.dump() + "\n";
  }

  // Streams of responses are refused.
  const char* stream_type() const override { return "text/event-stream"; }
  std::string caption(std::size_t, const Captioned&) override { return {}; }
  std::string end(const std::vector<Captioned>&) override { return {}; }
  std::string failure(const HttpError& error) const override { return openai_error(error); }

 private:
  std::string id_, model_;
};

}  // namespace

CaptionTask read_openai_response(const JsonReader& json, const ServeContext& context, const std::string& id) {
  require_model(json.text("model"), context.model);
  if (json.boolean("stream", false))
    throw HttpError(400, json.where("stream") + ": expected false; /v1/chat/completions streams");
  if (json.has("text") && json.object("text").has("format"))
    json.object("text").object("format").one_of("type", {"text"}, "text");
  if (json.is_list("tools") && json.value("tools").size() > 0)
    throw HttpError(400, json.where("tools") + ": expected none: this model captions images and calls no tools");
  CaptionTask task;
  CaptionWishes wishes;
  if (json.has("max_output_tokens"))
    take_length(json.integer("max_output_tokens", 1, Index{1} << 31), context.model, wishes);
  take_sampling(json, context.limits, wishes, task);
  OpenAiMessages messages = read_openai_messages(json.has("input") ? json.value("input") : Json(), json.where("input"));
  take_prompt(messages.text, context.limits, wishes, task);
  task.images = std::move(messages.images);
  task.options = to_options(wishes, context.model);
  task.min_confidence = context.limits.min_confidence;
  task.answer = std::make_unique<ResponseAnswer>(id, context.model.name);
  return task;
}

}  // namespace tool
