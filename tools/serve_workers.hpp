#pragma once

/// @file
/// Who may caption now: as many requests as there are captioners, a bounded number of others waits in order.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

namespace tool {

class ServeWorkers;

/// A captioner's number, while it is lent to a request.
class WorkerLease {
 public:
  WorkerLease(ServeWorkers& workers, std::size_t worker) : workers_(&workers), worker_(worker) {}
  WorkerLease(WorkerLease&& other) noexcept : workers_(other.workers_), worker_(other.worker_) {
    other.workers_ = nullptr;
  }
  WorkerLease& operator=(WorkerLease&&) = delete;
  ~WorkerLease();
  std::size_t worker() const { return worker_; }

 private:
  ServeWorkers* workers_;
  std::size_t worker_;
};

/// Lends the captioners 0 to count - 1, first come, first served.
class ServeWorkers {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param queue how many requests may wait
  ServeWorkers(std::size_t count, std::size_t queue);

  /// Waits for a captioner. @param busy_status what the API answers when too many wait
  /// @throws HttpError at once when too many wait or the server stops; when `deadline` passes, or the client goes
  WorkerLease lend(Clock::time_point deadline, const std::function<bool()>& is_gone, int busy_status);

  /// Refuses those who wait and those who come; those who caption go on.
  void stop();

  std::size_t running() const;
  std::size_t waiting() const;

 private:
  friend class WorkerLease;
  void give_back(std::size_t worker);

  // Tells the first of the line, if there is a captioner for it. One thread wakes, not all that wait: with sixteen
  // clients that is a third of all captions a second.
  void call_next();

  mutable std::mutex mutex_;
  std::vector<std::size_t> free_;
  std::list<std::condition_variable> line_;  // those who wait, each called by its own
  std::size_t count_, queue_;
  bool stops_ = false;
};

}  // namespace tool
