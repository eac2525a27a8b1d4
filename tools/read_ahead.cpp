#include "tools/read_ahead.hpp"

#include <utility>

namespace tool {

using namespace sharpeye;

ReadAhead::ReadAhead(std::unique_ptr<FrameReader> reader, std::function<void()> stop)
    : reader_(std::move(reader)), stop_(std::move(stop)), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_given_up_ = true;
  }
  changed_.notify_all();
  stop_();
  thread_.join();
}

std::optional<Image> ReadAhead::next() {
  std::optional<Image> frame;
  std::exception_ptr error;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_there_ || is_over_; });
    if (!is_there_) return std::nullopt;
    frame = std::exchange(frame_, std::nullopt);
    error = std::exchange(error_, nullptr);
    is_there_ = false;
  }
  changed_.notify_all();
  if (error) std::rethrow_exception(error);
  return frame;
}

void ReadAhead::run() {
  for (;;) {
    std::optional<Image> frame;
    std::exception_ptr error;
    try {
      frame = reader_->next();
    } catch (...) {
      error = std::current_exception();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !is_there_ || is_given_up_; });
    is_over_ = is_given_up_ || (!frame && !error);
    is_there_ = !is_over_;
    frame_ = std::move(frame);
    error_ = error;
    changed_.notify_all();
    if (is_over_) return;
  }
}

}  // namespace tool
