#include "tools/stream_output.hpp"

#include <cmath>
#include <cstdio>

#include "tools/caption_output.hpp"
#include "tools/name_index.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

std::string text_of(const StreamCaption& one, std::optional<double> min_confidence) {
  const bool sure = !min_confidence || one.caption.refined_confidence.reaches(*min_confidence);
  return sure ? one.caption.refined : kNotSure;
}

// A line for each caption, as soon as it is there.
class JsonOutput final : public StreamOutput {
 public:
  explicit JsonOutput(std::optional<double> min_confidence) : min_confidence_(min_confidence) {}
  void take(const StreamCaption& one, const std::string& name) override {
    if (one.is_last && !one.is_refined) return;  // the initial caption, which has been printed
    const double confidence = one.caption.refined_confidence.value();
    Json line;
    line["frame"] = one.frame;
    line["time"] = std::round(one.seconds * 1000) / 1000;
    if (!name.empty()) put_name(line, name);
    line["glance"] = one.is_refined ? 2 : 1;
    line["caption"] = text_of(one, min_confidence_);
    line["confidence"] = std::isnan(confidence) ? Json() : Json(std::round(confidence * 1e6) / 1e6);
    write_out(line.dump() + "\n");
  }
  void end(double) override {}

 private:
  std::optional<double> min_confidence_;
};

// Subtitles: each caption stands until the next one comes; the same one twice is one.
class SubtitleOutput final : public StreamOutput {
 public:
  SubtitleOutput(bool is_vtt, std::optional<double> min_confidence) : is_vtt_(is_vtt), min_confidence_(min_confidence) {
    if (is_vtt) write_out("WEBVTT\n\n");
  }
  void take(const StreamCaption& one, const std::string&) override {
    if (!one.is_last) return;
    std::string text = one_line(text_of(one, min_confidence_));
    if (has_text_ && text == text_) return;
    write_until(one.seconds);
    text_ = std::move(text);
    begin_ = one.seconds;
    has_text_ = true;
  }
  void end(double seconds) override { write_until(seconds); }

 private:
  std::string time(double seconds) const {
    const auto milliseconds = static_cast<long long>(std::llround(seconds * 1000));
    char text[48];
    std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", milliseconds / 3'600'000,
                  milliseconds / 60'000 % 60, milliseconds / 1000 % 60, is_vtt_ ? '.' : ',', milliseconds % 1000);
    return text;
  }
  // WebVTT's text has marks of its own (W3C WebVTT, 3.3), and an arrow would be a time.
  std::string escaped() const {
    std::string text;
    for (const char c : text_.empty() ? std::string("-") : text_) {
      text += is_vtt_ && c == '&'   ? "&amp;"
              : is_vtt_ && c == '<' ? "&lt;"
              : is_vtt_ && c == '>' ? "&gt;"
                                    : std::string(1, c);
    }
    return text;
  }
  void write_until(double seconds) {
    if (!has_text_) return;
    if (!is_vtt_) write_out(std::to_string(++number_) + "\n");
    write_out(time(begin_) + " --> " + time(std::max(seconds, begin_ + 0.001)) + "\n" + escaped() + "\n\n");
    has_text_ = false;
  }

  bool is_vtt_;
  std::optional<double> min_confidence_;
  std::string text_;
  double begin_ = 0;
  bool has_text_ = false;
  int number_ = 0;
};

// "second: caption", as LLoVi's prompt has them (arXiv 2312.17235; format_narration() of its code).
class NarrationOutput final : public StreamOutput {
 public:
  explicit NarrationOutput(std::optional<double> min_confidence) : min_confidence_(min_confidence) {}
  void take(const StreamCaption& one, const std::string&) override {
    if (!one.is_last) return;
    std::string text = one_line(text_of(one, min_confidence_));
    while (!text.empty() && text.back() == '.') text.pop_back();
    write_out(concat(static_cast<long long>(one.seconds), ": ", text, ".\n"));
  }
  void end(double) override {}

 private:
  std::optional<double> min_confidence_;
};

}  // namespace

std::unique_ptr<StreamOutput> make_stream_output(const std::string& format, std::optional<double> min_confidence) {
  if (format == "srt" || format == "vtt") return std::make_unique<SubtitleOutput>(format == "vtt", min_confidence);
  if (format == "llovi") return std::make_unique<NarrationOutput>(min_confidence);
  return std::make_unique<JsonOutput>(min_confidence);
}

}  // namespace tool
