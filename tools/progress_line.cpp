#include "tools/progress_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "sharpeye/core/words.hpp"

namespace tool {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), is_terminal_(::isatty(STDERR_FILENO) != 0), begin_(seconds()) {}

void ProgressLine::show(Index done, Index total, const std::string& detail) {
  if (first_ < 0) first_ = std::max<Index>(0, done - 1);  // a run that goes on begins in the middle
  if (done == 0) return;
  const double now = seconds(), rate = static_cast<double>(done - first_) / std::max(1e-9, now - begin_);
  last_ = concat(what_, ": ", done, " / ", total, detail.empty() ? "" : ", " + detail, ", ", fixed(rate, 1),
                 " a second, ", static_cast<Index>(static_cast<double>(total - done) / rate), " s left");
  if (!is_terminal_ || now - shown_ < 0.1) return;
  shown_ = now;
  const std::string line = "\r" + last_ + "\033[K";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) is_terminal_ = false;
}

void ProgressLine::finish() {
  if (last_.empty()) return;
  const std::string line = (is_terminal_ ? "\r" : "") + last_ + (is_terminal_ ? "\033[K\n" : "\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) is_terminal_ = false;
}

void ProgressLine::clear() {
  constexpr std::string_view kClear = "\r\033[K";
  if (is_terminal_ && ::write(STDERR_FILENO, kClear.data(), kClear.size()) < 0) is_terminal_ = false;
  shown_ = 0;
}

void ProgressLines::show(const std::string& what, Index done, Index total) {
  ProgressLine& line = lines_.try_emplace(what, what).first->second;
  line.show(done, total);
  if (done < total) return;
  line.finish();
  lines_.erase(what);
}

}  // namespace tool
