#include "tools/serve_workers.hpp"

#include <algorithm>

#include "sharpeye/core/error.hpp"
#include "tools/serve_message.hpp"

namespace tool {
namespace {

HttpError stopping() {
  return {503, "the server is stopping", "stopping"};
}

}  // namespace

WorkerLease::~WorkerLease() {
  if (workers_ != nullptr) workers_->give_back(worker_);
}

ServeWorkers::ServeWorkers(std::size_t count, std::size_t queue) : count_(count), queue_(queue) {
  for (std::size_t i = count; i-- > 0;) free_.push_back(i);
}

WorkerLease ServeWorkers::lend(Clock::time_point deadline, const std::function<bool()>& is_gone, int busy_status) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (stops_) throw stopping();
  if (free_.empty() || !line_.empty()) {
    if (line_.size() >= queue_) {
      throw HttpError(busy_status,
                      sharpeye::concat("server busy: ", count_ - free_.size(), " requests are captioned and ",
                                       line_.size(), " wait, as many as may; please try again later"),
                      "rate_limit_exceeded");
    }
    const auto mine = line_.emplace(line_.end());
    const auto leave = [&] { line_.erase(mine); };
    while (free_.empty() || &line_.front() != &*mine) {
      // A client that has gone is noticed here, not told of.
      mine->wait_until(lock, std::min(deadline, Clock::now() + std::chrono::milliseconds(200)));
      if (stops_) {
        leave();
        throw stopping();
      }
      const bool is_late = Clock::now() >= deadline;
      if (is_late || is_gone()) {
        leave();
        call_next();  // it may have been called
        if (is_late) throw HttpError(503, "no captioner became free in time; please try again later", "timeout");
        throw HttpError(499, "the client has closed the connection", "cancelled");
      }
    }
    leave();
  }
  const std::size_t worker = free_.back();
  free_.pop_back();
  call_next();
  return {*this, worker};
}

void ServeWorkers::give_back(std::size_t worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.push_back(worker);
  call_next();
}

void ServeWorkers::call_next() {
  if (!free_.empty() && !line_.empty()) line_.front().notify_one();
}

void ServeWorkers::stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stops_ = true;
  for (std::condition_variable& one : line_) one.notify_one();
}

std::size_t ServeWorkers::running() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return count_ - free_.size();
}

std::size_t ServeWorkers::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return line_.size();
}

}  // namespace tool
