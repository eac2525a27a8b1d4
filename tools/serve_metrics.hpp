#pragma once

/// @file
/// What `sharpeye serve` counts, in Prometheus's text format.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "sharpeye/pipeline/captioner.hpp"

namespace tool {

/// Counters; any thread may count.
class ServeMetrics {
 public:
  /// @param path one of the server's own, or "other": the number of series stays bounded
  void count_request(const std::string& path, int status, double seconds);
  void count_caption(const sharpeye::Caption& caption);

  /// @param running, waiting requests that are captioned now, and that wait
  std::string text(std::size_t running, std::size_t waiting) const;

 private:
  /// Cumulative, as Prometheus wants them.
  struct Histogram {
    void add(double seconds);
    void write(std::string& text, const std::string& name) const;
    static constexpr std::array<double, 11> kBounds{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
    std::array<std::uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  Histogram request_seconds_, caption_seconds_;
  std::uint64_t captions_ = 0, refined_ = 0, tokens_ = 0, deadlines_passed_ = 0;
  std::map<std::string, double> stage_seconds_;
};

}  // namespace tool
