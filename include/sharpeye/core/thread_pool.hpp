#pragma once

/// @file
/// A fork-join thread pool that is passed in: sharpeye has no global pool and starts no thread of its own.

#include <memory>
#include <type_traits>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `size()` threads, the calling one included, that share the iterations of one loop at a time.
///
/// Iterations are taken from a counter, and a loop waits for no thread that has not taken one, so a core that was
/// stolen by another process costs little (2 threads beside one busy program on 2 cores: a demo caption 105 -> 11 ms).
/// Which thread runs which iteration is not defined, therefore loop bodies write disjoint results whose bits do not
/// depend on it. Several threads may share one pool: a loop that finds the pool busy runs on its caller alone.
class ThreadPool {
 public:
  static constexpr int kMaxThreads = 256;

  /// @param num_threads 1 (no thread is started) to kMaxThreads. @throws Error kInvalidArgument; kLimit when
  /// the system gives fewer.
  explicit ThreadPool(int num_threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  /// Number of threads, the caller included.
  int size() const noexcept { return size_; }

  /// The number of threads to use when the user names none: the machine's, at least 1.
  static int default_size() noexcept;

  /// Runs `body(i)` once for each i in [0, count) and returns when all are done. `body` must not throw, nor
  /// run a loop of the same pool.
  template <class Body>
  void parallel_for(Index count, Body&& body) noexcept {
    using Function = std::remove_reference_t<Body>;
    const auto invoke = [](void* context, Index i) { (*static_cast<Function*>(context))(i); };
    void* context = const_cast<void*>(static_cast<const void*>(std::addressof(body)));
    if (count > 1 && size_ > 1 && run(count, invoke, context)) return;
    for (Index i = 0; i < count; ++i) body(i);
  }

 private:
  using Invoke = void (*)(void*, Index);
  struct Workers;  // the threads, and what they share with the caller

  /// Runs the loop on all threads; false, and nothing was run, when another loop has them.
  bool run(Index count, Invoke invoke, void* context) noexcept;

  int size_ = 1;
  std::unique_ptr<Workers> workers_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/thread_pool.inl"
#endif
