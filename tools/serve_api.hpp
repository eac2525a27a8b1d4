#pragma once

/// @file
/// The APIs that `sharpeye serve` speaks: how each states a task, an answer and an error. To add one: a file beside
/// serve_ollama.cpp, its functions here, and its paths in serve_service.cpp.

#include <string>

#include "tools/serve_task.hpp"

namespace tool {

/// A request's body as JSON. @throws HttpError 415 for another media type, Error when it is no JSON object
JsonReader read_json_body(ServeRequest&& request);

/// `prompt`, from a client of OpenAI's or Ollama's: used if the server's limits say so, after the image unless it has
/// an <image> of its own; else noted as unused.
void take_prompt(const std::string& prompt, const ServeLimits& limits, CaptionWishes& wishes, CaptionTask& task);
/// The keys temperature, top_p, top_k and seed of a request or its options: checked, and used if the limits say so.
void take_sampling(const JsonReader& json, const ServeLimits& limits, CaptionWishes& wishes, CaptionTask& task);
/// The key `stop`: a text, or a list of them.
void take_stop(const JsonReader& json, CaptionWishes& wishes);
/// A client's limit of the new tokens: it never makes captions longer than the model's own.
void take_length(std::optional<Index> tokens, const ServedModel& model, CaptionWishes& wishes);

// OpenAI. What a request of these cannot be given (tools, JSON output, several choices) is refused.

/// POST /v1/chat/completions. @param id names the reply
CaptionTask read_chat_completion(const JsonReader& json, const ServeContext& context, const std::string& id);
/// POST /v1/responses, not streamed.
CaptionTask read_openai_response(const JsonReader& json, const ServeContext& context, const std::string& id);
/// GET /v1/models, and of one of them.
Json openai_models(const ServedModel& model);
Json openai_model(const ServedModel& model);
std::string openai_error(const HttpError& error);
/// The images and the text of an OpenAI message list: the last message that has images, the last text of a user.
struct OpenAiMessages {
  std::vector<SentImage> images;
  std::string text;
};
OpenAiMessages read_openai_messages(const Json& messages, const std::string& place);

// Ollama.

/// POST /api/generate. A request without prompt and images asks to load the model: its task has no images.
CaptionTask read_ollama_generate(const JsonReader& json, const ServeContext& context);
/// POST /api/chat.
CaptionTask read_ollama_chat(const JsonReader& json, const ServeContext& context);
/// GET /api/tags and /api/ps, POST /api/show, GET /api/version.
Json ollama_tags(const ServedModel& model);
Json ollama_show(const JsonReader& json, const ServedModel& model);
Json ollama_version();
std::string ollama_error(const HttpError& error);

// Our own.

/// POST /v1/captions: JSON, or one image as it is.
CaptionTask read_captions(ServeRequest&& request, const ServeContext& context);

}  // namespace tool
