#include "tools/serve_workers.hpp"

#include <algorithm>
#include <utility>

#include "sharpeye/core/error.hpp"
#include "tools/serve_message.hpp"

namespace tool {
namespace {

HttpError stopping() {
  return {503, "the server is stopping", "stopping"};
}

}  // namespace

ServeWorkers::Place::Place(ServeWorkers& workers, std::shared_ptr<Visitor> visitor)
    : workers_(&workers), visitor_(std::move(visitor)) {}
ServeWorkers::Place::Place(Place&&) noexcept = default;

ServeWorkers::Place::~Place() {
  if (!visitor_) return;
  const Lock lock(workers_->mutex_);
  workers_->leave(*visitor_);
}

void ServeWorkers::Place::run(const WaitLimits& limits, const Work& work) {
  Lock lock(workers_->mutex_);
  visitor_->work = &work;
  workers_->called_.notify_one();
  workers_->wait_while(State::kIsNext, lock, *visitor_, limits);
  wait_for_end(lock, *visitor_);
}

ServeWorkers::ServeWorkers(std::size_t count, std::size_t queue) : count_(count), queue_(queue), free_(count) {
  try {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (...) {
    join();
    throw;
  }
}

ServeWorkers::~ServeWorkers() {
  join();
}

void ServeWorkers::join() {
  {
    const Lock lock(mutex_);
    ends_ = true;
  }
  called_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

ServeWorkers::Line::iterator ServeWorkers::find_work() {
  return std::find_if(line_.begin(), line_.end(), [](const auto& visitor) { return visitor->work != nullptr; });
}

void ServeWorkers::serve(std::size_t worker) {
  Lock lock(mutex_);
  while (true) {
    auto first = line_.end();
    called_.wait(lock, [&] {
      first = find_work();
      return ends_ || first != line_.end();
    });
    if (first == line_.end()) return;
    const std::shared_ptr<Visitor> visitor = *first;
    line_.erase(first);
    --free_;
    visitor->state = State::kRuns;
    call_next();
    lock.unlock();
    std::exception_ptr error;
    try {
      (*visitor->work)(worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    visitor->error = std::move(error);
    visitor->state = State::kIsDone;
    ++free_;
    call_next();
    lock.unlock();
    visitor->changed.notify_one();
    lock.lock();
  }
}

void ServeWorkers::call_next() {
  std::size_t place = 0;
  for (const auto& visitor : line_) {
    const bool has_thread = place < free_;  // which will wake soon
    if (place++ == count_ + free_) return;
    if (visitor->state != State::kWaits || (visitor->work != nullptr && !has_thread)) continue;
    visitor->state = State::kIsNext;
    if (visitor->work == nullptr) visitor->changed.notify_one();
  }
}

void ServeWorkers::leave(Visitor& visitor) {
  line_.remove_if([&](const auto& other) { return other.get() == &visitor; });
  call_next();
}

void ServeWorkers::wait_in_line(Lock& lock, const std::shared_ptr<Visitor>& visitor, const WaitLimits& limits) {
  if (stops_) throw stopping();
  if (line_.size() >= queue_ + free_) {
    throw HttpError(limits.busy_status,
                    sharpeye::concat("server busy: ", count_ - free_, " requests are captioned and ", count_waiting(),
                                     " wait, as many as may; please try again later"),
                    "rate_limit_exceeded");
  }
  line_.push_back(visitor);
  if (visitor->work != nullptr) called_.notify_one();
  call_next();
  wait_while(State::kWaits, lock, *visitor, limits);
  if (visitor->state == State::kIsRefused) throw stopping();
}

void ServeWorkers::wait_while(State state, Lock& lock, Visitor& visitor, const WaitLimits& limits) {
  while (visitor.state == state) {
    // A client that has gone is noticed here, not told of.
    visitor.changed.wait_until(lock, std::min(limits.deadline, Clock::now() + std::chrono::milliseconds(200)));
    if (visitor.state != state) return;
    const bool is_late = Clock::now() >= limits.deadline;
    if (!is_late && !limits.is_gone()) continue;
    leave(visitor);
    if (is_late) throw HttpError(503, "no captioner became free in time; please try again later", "timeout");
    throw HttpError(499, "the client has closed the connection", "cancelled");
  }
}

void ServeWorkers::wait_for_end(Lock& lock, Visitor& visitor) {
  visitor.changed.wait(lock, [&] { return visitor.state == State::kIsDone; });
  if (visitor.error) std::rethrow_exception(std::exchange(visitor.error, nullptr));
}

void ServeWorkers::run(const WaitLimits& limits, const Work& work) {
  const auto visitor = std::make_shared<Visitor>();
  visitor->work = &work;
  Lock lock(mutex_);
  wait_in_line(lock, visitor, limits);
  wait_for_end(lock, *visitor);
}

ServeWorkers::Place ServeWorkers::wait(const WaitLimits& limits) {
  auto visitor = std::make_shared<Visitor>();
  Lock lock(mutex_);
  wait_in_line(lock, visitor, limits);
  return {*this, std::move(visitor)};
}

void ServeWorkers::stop() {
  const Lock lock(mutex_);
  stops_ = true;
  line_.remove_if([](const auto& visitor) {
    if (visitor->state != State::kWaits) return false;
    visitor->state = State::kIsRefused;
    visitor->changed.notify_one();
    return true;
  });
}

std::size_t ServeWorkers::count_waiting() const {
  return line_.size() - std::min(line_.size(), free_);
}

std::size_t ServeWorkers::running() const {
  const Lock lock(mutex_);
  return count_ - free_ + std::min(line_.size(), free_);
}

std::size_t ServeWorkers::waiting() const {
  const Lock lock(mutex_);
  return count_waiting();
}

}  // namespace tool
