#include "tools/watched_folder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tools/images.hpp"
#include "tools/terminal.hpp"

namespace tool {

namespace fs = std::filesystem;

WatchedFolder::WatchedFolder(std::string path, double idle_seconds)
    : path_(std::move(path)), idle_seconds_(idle_seconds) {}

std::optional<std::string> WatchedFolder::next() {
  constexpr std::chrono::milliseconds kPause(100);
  const auto begin = std::chrono::steady_clock::now();
  for (bool is_first = true; ready_.empty(); is_first = false) {
    require(!is_interrupted(), ErrorCode::kCancelled, path_, ": cancelled");
    const std::chrono::duration<double> idle = std::chrono::steady_clock::now() - begin;
    if (idle_seconds_ > 0 && idle.count() > idle_seconds_) return std::nullopt;
    if (!is_first) std::this_thread::sleep_for(kPause);
    look();
  }
  std::string name = std::move(ready_.back());
  ready_.pop_back();
  return name;
}

void WatchedFolder::look() {
  std::map<std::string, Seen> now;
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!is_image_name(entry->path().string()) || !entry->is_regular_file(ignored)) continue;
    const auto size = entry->file_size(ignored);
    const auto time = entry->last_write_time(ignored).time_since_epoch().count();
    if (ignored) continue;  // it has gone
    const std::string name = entry->path().string();
    Seen file{{size, static_cast<std::int64_t>(time)}, false};
    const auto before = seen_.find(name);
    if (before != seen_.end() && before->second.state == file.state) {
      if (!before->second.is_taken) ready_.push_back(name);
      file.is_taken = true;
    }
    now.emplace(name, file);
  }
  require(!error, ErrorCode::kFileAccess, path_, ": cannot list: ", error.message());
  seen_.swap(now);
  std::sort(ready_.rbegin(), ready_.rend());
}

}  // namespace tool
