#include "tools/serve_metrics.hpp"

#include "sharpeye/core/error.hpp"

namespace tool {
namespace {

using sharpeye::concat;

void describe(std::string& text, const char* name, const char* type, const char* help) {
  text += concat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void write(std::string& text, const char* name, const char* type, const char* help, std::uint64_t value) {
  describe(text, name, type, help);
  text += concat(name, " ", value, "\n");
}

}  // namespace

void ServeMetrics::Histogram::add(double seconds) {
  std::size_t i = 0;
  while (i < kBounds.size() && seconds > kBounds[i]) ++i;
  ++counts[i];
  sum += seconds;
}

void ServeMetrics::Histogram::write(std::string& text, const std::string& name) const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const std::string bound = i < kBounds.size() ? concat(kBounds[i]) : "+Inf";
    text += concat(name, "_bucket{le=\"", bound, "\"} ", total, "\n");
  }
  text += concat(name, "_sum ", sum, "\n", name, "_count ", total, "\n");
}

void ServeMetrics::count_request(const std::string& path, int status, double seconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++requests_[{path, status}];
  request_seconds_.add(seconds);
}

void ServeMetrics::count_caption(const sharpeye::Caption& caption) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const sharpeye::CaptionTimings& timings = caption.timings;
  ++captions_;
  if (caption.rounds > 0) ++refined_;
  if (caption.deadline_passed) ++deadlines_passed_;
  tokens_ += caption.initial_ids.size() + (caption.rounds > 0 ? caption.refined_ids.size() : 0);
  caption_seconds_.add(timings.total / 1000);
  stage_seconds_["image"] += timings.image / 1000;
  stage_seconds_["vision"] += timings.vision / 1000;
  stage_seconds_["first_glance"] += (timings.connector + timings.pass1_prefill + timings.pass1_decode) / 1000;
  stage_seconds_["second_glance"] += (timings.ser_connector + timings.pass2_prefill + timings.pass2_decode) / 1000;
}

std::string ServeMetrics::text(std::size_t running, std::size_t waiting) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string text;
  describe(text, "sharpeye_requests_total", "counter", "Requests answered, by path and HTTP status.");
  for (const auto& [key, count] : requests_)
    text += concat("sharpeye_requests_total{path=\"", key.first, "\",status=\"", key.second, "\"} ", count, "\n");
  describe(text, "sharpeye_request_seconds", "histogram", "Time from a whole request to the end of its reply.");
  request_seconds_.write(text, "sharpeye_request_seconds");
  write(text, "sharpeye_captions_total", "counter", "Images captioned.", captions_);
  write(text, "sharpeye_refined_captions_total", "counter", "Images whose second glance was completed.", refined_);
  write(text, "sharpeye_deadlines_passed_total", "counter", "Images whose deadline ended the refining.",
        deadlines_passed_);
  write(text, "sharpeye_tokens_total", "counter", "Tokens written, in both glances.", tokens_);
  describe(text, "sharpeye_caption_seconds", "histogram", "Time of one caption.");
  caption_seconds_.write(text, "sharpeye_caption_seconds");
  describe(text, "sharpeye_stage_seconds_total", "counter", "Time spent in each stage of captions.");
  for (const auto& [stage, seconds] : stage_seconds_)
    text += concat("sharpeye_stage_seconds_total{stage=\"", stage, "\"} ", seconds, "\n");
  write(text, "sharpeye_requests_running", "gauge", "Requests that are being captioned.", running);
  write(text, "sharpeye_requests_waiting", "gauge", "Requests that wait for a captioner.", waiting);
  return text;
}

}  // namespace tool
