#pragma once

/// @file
/// Who may caption now: as many requests as there are captioners, a bounded number of others waits in order.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tool {

/// How long a request waits for a captioner.
struct WaitLimits {
  using Clock = std::chrono::steady_clock;

  Clock::time_point deadline;
  std::function<bool()> is_gone;  ///< whether the client has closed the connection
  int busy_status = 503;          ///< what the API answers when too many wait
};

/// The captioners 0 to count - 1, each with a thread of its own, first come, first served.
///
/// The threads take the next request from the line without a sleep in between. When each connection captioned on its
/// own thread, a fifth of two cores stood idle between the end of one caption and the waking of the next thread.
class ServeWorkers {
  struct Visitor;

 public:
  using Clock = WaitLimits::Clock;
  /// @param worker the captioner's number
  using Work = std::function<void(std::size_t worker)>;

  /// A place at the head of the line, held for work that is still to come.
  class Place {
   public:
    Place(Place&&) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();  ///< leaves the line

    /// Has `work` done as the next one, and waits for its end. Once.
    /// @throws what `work` throws; HttpError when, before it begins, the deadline passes or the client goes
    void run(const WaitLimits& limits, const Work& work);

   private:
    friend class ServeWorkers;
    Place(ServeWorkers& workers, std::shared_ptr<Visitor> visitor);
    ServeWorkers* workers_;
    std::shared_ptr<Visitor> visitor_;
  };

  /// @param queue how many requests may wait
  ServeWorkers(std::size_t count, std::size_t queue);
  /// All calls have returned, and there are no places.
  ~ServeWorkers();

  /// Has `work` done by a captioner's thread, and waits for its end.
  /// @throws what `work` throws; HttpError at once when too many wait or the server stops, and while it waits, when the
  /// deadline passes or the client goes
  void run(const WaitLimits& limits, const Work& work);

  /// Waits until there is a captioner, or until the next one that comes free is for this request: the reply can begin.
  /// Others are not kept waiting for what it does until it runs. @throws HttpError as run()
  Place wait(const WaitLimits& limits);

  /// Refuses those who wait and those who come; those who caption or have a place go on.
  void stop();

  std::size_t running() const;
  std::size_t waiting() const;

 private:
  enum class State { kWaits, kIsNext, kIsRefused, kRuns, kIsDone };

  // One who stands in the line, and then waits for the end of the work. Shared: the thread that ends the work wakes it
  // after giving up the lock (else it would wake only to wait for the lock), and by then it may have gone.
  struct Visitor {
    const Work* work = nullptr;  // nullptr: it is still to come
    State state = State::kWaits;
    std::exception_ptr error;
    std::condition_variable changed;
  };
  using Line = std::list<std::shared_ptr<Visitor>>;
  using Lock = std::unique_lock<std::mutex>;

  void serve(std::size_t worker);
  // The first of the line who has work.
  Line::iterator find_work();
  // Until the visitor runs, or is next. @throws HttpError when that will not be
  void wait_in_line(Lock& lock, const std::shared_ptr<Visitor>& visitor, const WaitLimits& limits);
  void wait_while(State state, Lock& lock, Visitor& visitor, const WaitLimits& limits);
  static void wait_for_end(Lock& lock, Visitor& visitor);
  void leave(Visitor& visitor);
  // Those at the head of the line are next, as many as there are free threads; and of those whose work is still to
  // come so many more as there are captioners. They are no longer refused.
  void call_next();
  std::size_t count_waiting() const;
  void join();

  mutable std::mutex mutex_;        // guards what follows
  std::condition_variable called_;  // free threads wait for work
  Line line_;
  std::size_t count_, queue_, free_;
  bool stops_ = false, ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tool
