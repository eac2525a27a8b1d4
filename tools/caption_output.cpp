#include "tools/caption_output.hpp"

#include <algorithm>
#include <cmath>

#include "sharpeye/io/json.hpp"
#include "sharpeye/text/unicode.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      bits = bits << 8 | (j < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[j])) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
  }
  return text;
}

// @return whether all of it is UTF-8
bool is_utf8(std::string_view bytes) {
  std::string valid;
  return append_valid_utf8(bytes, valid) == bytes.size() && valid == bytes;
}

Json to_json(const CaptionTimings& timings) {
  const auto rounded = [](double milliseconds) { return std::round(milliseconds * 1000) / 1000; };
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

std::string to_json_line(const std::string& name, const Caption& caption) {
  Json json;
  json["image"] = name;
  if (!is_utf8(name)) json["image_base64"] = base64(name);
  json["initial"] = caption.initial;
  json["refined"] = caption.refined;
  json["rounds"] = caption.rounds;
  json["deadline_passed"] = caption.deadline_passed;
  json["tokens"] = {{"initial", caption.initial_ids}, {"refined", caption.refined_ids}};
  json["steps"] = {{"initial", caption.pass1_steps}, {"refined", caption.pass2_steps}};
  json["timings_ms"] = to_json(caption.timings);
  return json.dump() + "\n";
}

std::string to_text(const std::string& name, const Caption& caption) {
  std::string text = one_line(name) + "\n  initial: " + one_line(caption.initial) + "\n";
  if (caption.rounds > 0) text += "  refined: " + one_line(caption.refined) + "\n";
  return text;
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
