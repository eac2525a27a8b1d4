#include "tools/serve_api.hpp"

#include <algorithm>
#include <limits>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/unicode.hpp"

namespace tool {

JsonReader read_json_body(ServeRequest&& request) {
  // curl -d says "form" unless told otherwise, and Ollama's own examples call it so.
  const std::string type = request.content_type.substr(0, request.content_type.find(';'));
  if (!type.empty() && type != "application/json" && type != "application/x-www-form-urlencoded") {
    throw HttpError(415, "Content-Type: expected application/json, actual " + in_quotes(type),
                    "unsupported_media_type");
  }
  Json json = parse_json(request.body, "request");
  std::string().swap(request.body);  // images are large: one copy less
  return JsonReader(std::move(json), "request");
}

void take_prompt(const std::string& prompt, const ServeLimits& limits, CaptionWishes& wishes, CaptionTask& task) {
  if (strip(prompt).empty()) return;
  if (limits.use_prompts) {
    const bool has_place = prompt.find("<image>") != std::string::npos;
    wishes.prompt = has_place ? prompt : "<image>" + prompt;
  } else {
    task.unused.push_back("prompt");
  }
}

void take_sampling(const JsonReader& json, const ServeLimits& limits, CaptionWishes& wishes, CaptionTask& task) {
  CaptionWishes asked;
  if (json.has("temperature")) asked.temperature = json.number("temperature", 0, 100);
  if (json.has("top_p")) asked.top_p = json.number("top_p", 0, 1);
  // -1 is how some say: all.
  if (json.has("top_k")) asked.top_k = std::max<Index>(0, json.integer("top_k", -1, Index{1} << 21));
  if (json.has("seed")) {
    constexpr Index kMin = std::numeric_limits<Index>::min(), kMax = std::numeric_limits<Index>::max();
    asked.seed = static_cast<std::uint64_t>(json.integer("seed", kMin, kMax));
  }
  if (!limits.use_sampling) {
    for (const char* key : {"temperature", "top_p", "top_k", "seed"}) {
      if (json.has(key)) task.unused.push_back(key);
    }
    return;
  }
  if (asked.temperature == 0.0) {  // the likeliest text, which is what the server writes by itself
    wishes.sample = false;
    return;
  }
  wishes.temperature = asked.temperature;
  wishes.top_p = asked.top_p;
  wishes.top_k = asked.top_k;
  wishes.seed = asked.seed;
}

void take_stop(const JsonReader& json, CaptionWishes& wishes) {
  if (json.is_text("stop")) {
    wishes.stop = {json.text("stop")};
  } else if (json.has("stop")) {
    wishes.stop = json.texts("stop", 16);
  }
  for (const std::string& stop : wishes.stop) {
    require(!stop.empty(), ErrorCode::kConfig, json.where("stop"), ": expected texts, actual an empty one");
  }
}

void take_length(std::optional<Index> tokens, const ServedModel& model, CaptionWishes& wishes) {
  const Index longest = std::max(model.generation.max_new_tokens, model.refine_generation.max_new_tokens);
  if (tokens && *tokens > 0 && *tokens < longest) wishes.max_new_tokens = tokens;
}

}  // namespace tool
