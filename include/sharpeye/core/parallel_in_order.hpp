#pragma once

/// @file
/// Independent pieces of work on several threads, their results handed over in order.

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The pieces that may have been begun and not been delivered: a ring of so many results is enough for all.
inline std::size_t pieces_in_flight(std::size_t workers) noexcept {
  return workers <= 1 ? 1 : 4 * workers;
}

/// Calls work(worker, i) for each i in [0, count) on `workers` threads, and deliver(i) in order on this one, as soon as
/// all up to i are done. Workers run at most a few pieces ahead of what is delivered. (One worker is this thread.)
/// @param work must not throw. @param deliver may: no new piece is begun then, and the exception goes to the caller.
template <class Work, class Deliver>
void parallel_in_order(std::size_t count, std::size_t workers, const Work& work, const Deliver& deliver) {
  if (workers <= 1) {
    for (std::size_t i = 0; i < count; ++i) {
      work(0, i);
      deliver(i);
    }
    return;
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<char> is_done(count, 0);
  std::size_t next = 0, delivered = 0;
  bool stopped = false;
  const std::size_t ahead = pieces_in_flight(workers);
  const auto run = [&](std::size_t worker) {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopped || next == count || next < delivered + ahead; });
      if (stopped || next == count) return;
      const std::size_t mine = next++;
      lock.unlock();
      work(worker, mine);
      lock.lock();
      is_done[mine] = 1;
      changed.notify_all();
    }
  };
  // However this ends, the workers end first.
  struct Threads {
    std::vector<std::thread> list;
    std::mutex& mutex;
    std::condition_variable& changed;
    bool& stopped;
    ~Threads() {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        stopped = true;
      }
      changed.notify_all();
      for (std::thread& thread : list) thread.join();
    }
  } threads{{}, mutex, changed, stopped};
  for (std::size_t worker = 0; worker < std::min(workers, count); ++worker) threads.list.emplace_back(run, worker);
  for (std::size_t i = 0; i < count; ++i) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return is_done[i] != 0; });
    }
    deliver(i);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      delivered = i + 1;
    }
    changed.notify_all();
  }
}

SHARPEYE_NAMESPACE_END
