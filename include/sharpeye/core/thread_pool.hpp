#pragma once

/// @file
/// A fork-join thread pool that is passed in: sharpeye has no global pool and starts no thread of its own.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `size()` threads, the calling one included, that share the iterations of one loop at a time.
///
/// Iterations are taken from a counter, so a core that was stolen by another process costs little. Which thread runs
/// which iteration is not defined, therefore loop bodies write disjoint results whose bits do not depend on it.
/// Several threads may share one pool: a loop that finds the pool busy runs on its caller alone.
class ThreadPool {
 public:
  static constexpr int kMaxThreads = 256;

  /// @param num_threads 1 (no thread is started) to kMaxThreads. @throws Error kInvalidArgument; kLimit when
  /// the system gives fewer.
  explicit ThreadPool(int num_threads) {
    require(num_threads >= 1 && num_threads <= kMaxThreads, ErrorCode::kInvalidArgument, "threads: expected 1 to ",
            kMaxThreads, ", actual ", num_threads);
    workers_.reserve(static_cast<std::size_t>(num_threads - 1));
    try {
      for (int worker = 1; worker < num_threads; ++worker) workers_.emplace_back([this] { serve(); });
    } catch (const std::system_error& error) {
      const int started = size();
      stop();
      fail(ErrorCode::kLimit, "threads: expected ", num_threads, ", the system allowed ", started, ": ", error.what());
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() { stop(); }

  /// Number of threads, the caller included.
  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// The number of threads to use when the user names none: the machine's, at least 1.
  static int default_size() noexcept {
    const unsigned count = std::thread::hardware_concurrency();
    return count == 0 ? 1 : static_cast<int>(count < kMaxThreads ? count : kMaxThreads);
  }

  /// Runs `body(i)` once for each i in [0, count) and returns when all are done. `body` must not throw, nor
  /// run a loop of the same pool.
  template <class Body>
  void parallel_for(Index count, Body&& body) noexcept {
    if (count > 1 && !workers_.empty() && busy_.try_lock()) {
      const std::lock_guard<std::mutex> busy(busy_, std::adopt_lock);
      using Function = std::remove_reference_t<Body>;
      run(
          count, [](void* context, Index i) { (*static_cast<Function*>(context))(i); },
          const_cast<void*>(static_cast<const void*>(std::addressof(body))));
    } else {
      for (Index i = 0; i < count; ++i) body(i);
    }
  }

 private:
  using Invoke = void (*)(void*, Index);

  // Long enough to stay awake between the loops of one layer (microseconds), short enough not to burn an idle core.
  static constexpr int kSpins = 4000;

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  void stop() noexcept {
    {
      const std::lock_guard<std::mutex> lock(sleep_mutex_);
      stopping_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(Index count, Invoke invoke, void* context) noexcept {
    invoke_ = invoke;
    context_ = context;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    unfinished_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    // Sequentially consistent against `sleepers_`: either a worker sees the new generation or we see it asleep.
    generation_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      { const std::lock_guard<std::mutex> lock(sleep_mutex_); }
      wake_.notify_all();
    }
    take_iterations();
    for (int spin = 0; unfinished_.load(std::memory_order_acquire) != 0; ++spin) {
      if (spin < kSpins) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

  void take_iterations() noexcept {
    for (Index i = next_.fetch_add(1, std::memory_order_relaxed); i < count_;
         i = next_.fetch_add(1, std::memory_order_relaxed)) {
      invoke_(context_, i);
    }
  }

  void serve() noexcept {
    std::uint64_t seen = 0;
    for (;;) {
      await_generation_after(seen);
      seen = generation_.load(std::memory_order_acquire);
      if (stopping_) return;
      take_iterations();
      unfinished_.fetch_sub(1, std::memory_order_release);
    }
  }

  void await_generation_after(std::uint64_t seen) noexcept {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (generation_.load(std::memory_order_acquire) != seen) return;
      pause();
    }
    std::unique_lock<std::mutex> lock(sleep_mutex_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [&] { return generation_.load(std::memory_order_seq_cst) != seen; });
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

  std::vector<std::thread> workers_;
  std::mutex busy_;
  Invoke invoke_ = nullptr;
  void* context_ = nullptr;
  Index count_ = 0;
  bool stopping_ = false;
  alignas(64) std::atomic<Index> next_{0};
  alignas(64) std::atomic<std::uint64_t> generation_{0};
  alignas(64) std::atomic<int> unfinished_{0};
  std::atomic<int> sleepers_{0};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
};

SHARPEYE_NAMESPACE_END
