#pragma once

/// @file
/// Bodies of thread_pool.hpp.

#include "sharpeye/core/thread_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

SHARPEYE_NAMESPACE_BEGIN

struct ThreadPool::Workers {
  // Long enough to stay awake between the loops of one layer (microseconds), short enough not to burn an idle core.
  static constexpr int kSpins = 4000;

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  // One word says which loop it is, whether it may be entered, whether it is the end, and how many workers are in it.
  static constexpr std::uint64_t kWorker = 1, kAllWorkers = 0xffff, kOpen = 0x10000, kEnd = 0x20000, kLoop = 0x40000;

  void stop() noexcept {
    {
      const std::lock_guard<std::mutex> lock(sleep_mutex);
      state.fetch_add(kLoop | kEnd, std::memory_order_release);
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  // Who has not come when the last iteration is taken is not waited for: another program may have that core.
  void run(Index loop_count, Invoke loop_invoke, void* loop_context) noexcept {
    invoke = loop_invoke;
    context = loop_context;
    count = loop_count;
    next.store(0, std::memory_order_relaxed);
    // Sequentially consistent against `sleepers`: either a worker sees the new loop or we see it asleep.
    state.fetch_add(kLoop | kOpen, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0) {
      { const std::lock_guard<std::mutex> lock(sleep_mutex); }
      wake.notify_all();
    }
    take_iterations();
    state.fetch_and(~kOpen, std::memory_order_acq_rel);
    for (int spin = 0; (state.load(std::memory_order_acquire) & kAllWorkers) != 0; ++spin) {
      if (spin < kSpins) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

  void take_iterations() noexcept {
    for (Index i = next.fetch_add(1, std::memory_order_relaxed); i < count;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      invoke(context, i);
    }
  }

  void serve() noexcept {
    std::uint64_t seen = 0;  // the newest loop that this worker knows of
    for (;;) {
      std::uint64_t now = await_loop_after(seen);
      while ((now & kOpen) != 0 && !state.compare_exchange_weak(now, now + kWorker, std::memory_order_acq_rel)) {
      }
      seen = now / kLoop;
      if ((now & kEnd) != 0) return;
      if ((now & kOpen) == 0) continue;  // it went on without this worker
      take_iterations();
      state.fetch_sub(kWorker, std::memory_order_release);
    }
  }

  std::uint64_t await_loop_after(std::uint64_t seen) noexcept {
    for (int spin = 0; spin < kSpins; ++spin) {
      const std::uint64_t now = state.load(std::memory_order_acquire);
      if (now / kLoop != seen) return now;
      pause();
    }
    std::unique_lock<std::mutex> lock(sleep_mutex);
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    wake.wait(lock, [&] { return state.load(std::memory_order_seq_cst) / kLoop != seen; });
    sleepers.fetch_sub(1, std::memory_order_relaxed);
    return state.load(std::memory_order_acquire);
  }

  std::vector<std::thread> threads;
  std::mutex busy;
  Invoke invoke = nullptr;
  void* context = nullptr;
  Index count = 0;
  alignas(64) std::atomic<Index> next{0};
  alignas(64) std::atomic<std::uint64_t> state{0};
  std::atomic<int> sleepers{0};
  std::mutex sleep_mutex;
  std::condition_variable wake;
};

SHARPEYE_BODY ThreadPool::ThreadPool(int num_threads) : size_(num_threads) {
  require(num_threads >= 1 && num_threads <= kMaxThreads, ErrorCode::kInvalidArgument, "threads: expected 1 to ",
          kMaxThreads, ", actual ", num_threads);
  if (num_threads == 1) return;
  workers_ = std::make_unique<Workers>();
  Workers& workers = *workers_;
  workers.threads.reserve(static_cast<std::size_t>(num_threads - 1));
  try {
    for (int i = 1; i < num_threads; ++i) workers.threads.emplace_back([&workers] { workers.serve(); });
  } catch (const std::system_error& error) {
    const std::size_t started = workers.threads.size() + 1;
    workers.stop();
    fail(ErrorCode::kLimit, "threads: expected ", num_threads, ", the system allowed ", started, ": ", error.what());
  }
}

SHARPEYE_BODY ThreadPool::~ThreadPool() {
  if (workers_) workers_->stop();
}

SHARPEYE_BODY int ThreadPool::default_size() noexcept {
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count < kMaxThreads ? count : kMaxThreads);
}

SHARPEYE_BODY bool ThreadPool::run(Index count, Invoke invoke, void* context) noexcept {
  if (!workers_->busy.try_lock()) return false;
  const std::lock_guard<std::mutex> busy(workers_->busy, std::adopt_lock);
  workers_->run(count, invoke, context);
  return true;
}

SHARPEYE_NAMESPACE_END
