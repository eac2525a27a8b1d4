#include "tools/caption_output.hpp"

#include <algorithm>
#include <cmath>

#include "sharpeye/io/json.hpp"
#include "tools/name_index.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

double rounded(double milliseconds) {
  return std::round(milliseconds * 1000) / 1000;
}

// Logarithms and probabilities to six digits behind the point; null where there is none.
Json probability(double value) {
  return std::isnan(value) ? Json() : Json(std::round(value * 1e6) / 1e6);
}

Json to_json(const std::vector<float>& log_probabilities) {
  Json list = Json::list();
  for (const float value : log_probabilities) list.push_back(probability(static_cast<double>(value)));
  return list;
}

Json to_json(const std::vector<WordProbability>& words) {
  Json list = Json::list();
  for (const WordProbability& one : words) {
    list.push_back({{"word", one.word}, {"probability", probability(one.probability)}});
  }
  return list;
}

// The text, or what stands in its place.
std::string shown(const std::string& text, const CaptionConfidence& confidence, std::optional<double> min_confidence) {
  return min_confidence && !confidence.reaches(*min_confidence) ? kNotSure : text;
}

Json to_json(const CaptionTimings& timings) {
  return {{"image", rounded(timings.image)},
          {"vision", rounded(timings.vision)},
          {"connector", rounded(timings.connector)},
          {"pass1_prefill", rounded(timings.pass1_prefill)},
          {"pass1_decode", rounded(timings.pass1_decode)},
          {"ser_connector", rounded(timings.ser_connector)},
          {"pass2_prefill", rounded(timings.pass2_prefill)},
          {"pass2_decode", rounded(timings.pass2_decode)},
          {"total", rounded(timings.total)}};
}

}  // namespace

Json to_json(const Caption& caption, std::optional<double> min_confidence) {
  const CaptionConfidence &initial = caption.initial_confidence, &refined = caption.refined_confidence;
  Json json;
  json["initial"] = shown(caption.initial, initial, min_confidence);
  json["refined"] = shown(caption.refined, refined, min_confidence);
  if (min_confidence) {
    json["sure"] = {{"initial", initial.reaches(*min_confidence)}, {"refined", refined.reaches(*min_confidence)}};
  }
  json["confidence"] = {{"initial", probability(initial.value())}, {"refined", probability(refined.value())}};
  json["mean_log_probability"] = {{"initial", probability(initial.mean_log_probability())},
                                  {"refined", probability(refined.mean_log_probability())}};
  json["rounds"] = caption.rounds;
  json["deadline_passed"] = caption.deadline_passed;
  json["tokens"] = {{"initial", caption.initial_ids}, {"refined", caption.refined_ids}};
  json["log_probabilities"] = {{"initial", to_json(initial.log_probabilities)},
                               {"refined", to_json(refined.log_probabilities)}};
  json["words"] = {{"initial", to_json(initial.words)}, {"refined", to_json(refined.words)}};
  json["steps"] = {{"initial", caption.pass1_steps}, {"refined", caption.pass2_steps}};
  json["timings_ms"] = to_json(caption.timings);
  return json;
}

Json to_json(const std::string& name, const Caption& caption, std::optional<double> min_confidence) {
  Json json;
  put_name(json, name);
  json.update(to_json(caption, min_confidence));
  return json;
}

std::string to_line(const std::string& name, const Caption& caption, std::optional<double> min_confidence) {
  Json line = to_json(name, caption, min_confidence);
  line.erase("timings_ms");
  return line.dump();
}

std::string to_failure_line(const std::string& name, const std::string& problem) {
  Json line;
  put_name(line, name);
  line["error"] = problem;
  return line.dump();
}

std::string to_text(const std::string& name, const Caption& caption, std::optional<double> min_confidence) {
  const auto line = [&](const char* label, const std::string& text, const CaptionConfidence& confidence) {
    return concat("  ", label, ": ", one_line(shown(text, confidence, min_confidence)), "\n");
  };
  std::string text = one_line(name) + "\n" + line("initial", caption.initial, caption.initial_confidence);
  if (caption.rounds > 0) text += line("refined", caption.refined, caption.refined_confidence);
  return text;
}

void report_deadline(const std::string& name, const Caption& caption) {
  if (!caption.deadline_passed) return;
  report(concat(name, ": deadline passed after ", caption.rounds + 1, caption.rounds == 0 ? " glance" : " glances"));
}

void StreamedText::show(const CaptionProgress& progress) {
  if (progress.round != round_) begin(progress.round);
  const std::string text = one_line(progress.text);
  if (text.size() > shown_) write_out(std::string_view(text).substr(shown_));
  shown_ = std::max(shown_, text.size());
}

void StreamedText::end() {
  if (round_ >= 0) write_out("\n");
  round_ = -1;
}

void StreamedText::begin(Index round) {
  end();
  write_out(round == 0 ? "  initial: " : "  refined: ");
  round_ = round;
  shown_ = 0;
}

}  // namespace tool
