#include "tools/serve_task.hpp"

#include <algorithm>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/prompt.hpp"
#include "tools/base64.hpp"

namespace tool {
namespace {

GenerationConfig with_wishes(const CaptionWishes& wishes, GenerationConfig generation) {
  const bool sets_sampling = wishes.temperature || wishes.top_k || wishes.top_p || wishes.seed;
  if (wishes.beams) {
    generation.num_beams = *wishes.beams;
    generation.do_sample = false;
  }
  if (wishes.sample.value_or(sets_sampling)) {
    generation.do_sample = true;
    generation.num_beams = wishes.beams.value_or(1);
  }
  generation.max_new_tokens = wishes.max_new_tokens.value_or(generation.max_new_tokens);
  generation.temperature = wishes.temperature.value_or(generation.temperature);
  generation.top_k = wishes.top_k.value_or(generation.top_k);
  generation.top_p = wishes.top_p.value_or(generation.top_p);
  generation.seed = wishes.seed.value_or(generation.seed);
  generation.stop_strings.insert(generation.stop_strings.end(), wishes.stop.begin(), wishes.stop.end());
  check(generation, "request: ");
  return generation;
}

bool begins(std::string_view text, std::string_view start) {
  return std::equal(start.begin(), start.end(), text.begin(),
                    text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), start.size())),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

}  // namespace

CaptionOptions to_options(const CaptionWishes& wishes, const ServedModel& model) {
  CaptionOptions options;
  options.rounds = wishes.rounds.value_or(model.rounds);
  require(model.refines || *options.rounds == 0, ErrorCode::kInvalidArgument,
          "request: expected one glance with a model without ser_connector, actual ", *options.rounds + 1);
  options.generation = with_wishes(wishes, model.generation);
  options.refine_generation = with_wishes(wishes, model.refine_generation);
  if (wishes.prompt) {
    const PromptTemplate checked(*wishes.prompt, "request: prompt");  // refused before any work
    options.prompt = wishes.prompt;
  }
  if (wishes.deadline_ms) {
    options.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(*wishes.deadline_ms);
  }
  return options;
}

SentImage read_sent_image(const std::string& text, const std::string& place) {
  std::string_view data = text;
  if (begins(text, "data:")) {
    const std::size_t comma = text.find(',');
    const std::string_view head = data.substr(0, std::min(comma, text.size()));
    if (comma == std::string::npos || head.size() < 7 || head.substr(head.size() - 7) != ";base64") {
      throw HttpError(400,
                      concat(place, ": expected data:image/...;base64,..., actual ", in_quotes(head.substr(0, 60))));
    }
    data.remove_prefix(comma + 1);
  } else if (text.substr(0, 32).find("://") != std::string::npos) {
    throw HttpError(400, concat(place, ": expected the image itself as data:image/jpeg;base64,..., actual an address, ",
                                in_quotes(std::string_view(text).substr(0, 80)), "; this server fetches nothing"));
  }
  try {
    SentImage image{from_base64(data), place};
    require(!image.bytes.empty(), ErrorCode::kFormat, "expected an image, actual nothing");
    return image;
  } catch (const Error& error) {
    throw HttpError(400, place + ": " + error.what());
  }
}

void require_model(const std::string& name, const ServedModel& model) {
  if (name == model.name || name == model.name + ":latest" || name + ":latest" == model.name) return;
  throw HttpError(404, concat("model ", in_quotes(name), " not found; this server has ", in_quotes(model.name)),
                  "model_not_found");
}

std::optional<Index> growing_round(const CaptionTask& task) {
  const CaptionOptions& options = task.options;
  const GenerationConfig& last = *options.rounds == 0 ? *options.generation : *options.refine_generation;
  if (last.num_beams > 1 || !last.stop_strings.empty() || options.deadline || task.min_confidence) return std::nullopt;
  return *options.rounds;
}

std::string GrowingText::more(std::size_t image, const std::string& text) {
  std::string part;
  if (image != image_) {
    part = "\n";
    image_ = image;
    handed_out_ = 0;
  }
  if (text.size() > handed_out_) part += text.substr(handed_out_);
  handed_out_ = std::max(handed_out_, text.size());
  return part;
}

}  // namespace tool
