#include "sharpeye/core/thread_pool.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

using namespace sharpeye;

TEST_CASE("every iteration runs once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const Index count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      pool.parallel_for(count, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
      for (const auto& run : runs) REQUIRE(run == 1);
    }
  }
}

TEST_CASE("loops from several threads on one pool all finish, also after the workers fell asleep") {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<long> sum{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int loop = 0; loop < 200; ++loop) {
        if (loop % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        pool.parallel_for(10, [&](Index i) { sum += i; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sum == 4 * 200 * 45);
}

TEST_CASE("a pool that ends in the middle of its workers' coming and going ends") {
  std::atomic<int> sum{0};
  for (int repeat = 0; repeat < 300; ++repeat) {
    ThreadPool pool(3);
    for (int loop = 0; loop < repeat % 5; ++loop) pool.parallel_for(4, [&](Index i) { sum += static_cast<int>(i); });
  }
  CHECK(sum == 300 / 5 * (0 + 1 + 2 + 3 + 4) * 6);
}

TEST_CASE("a wrong number of threads, or one that the system refuses, is an error and not a hang") {
  CHECK_THROWS_AS(ThreadPool(0), Error);
  CHECK_THROWS_AS(ThreadPool(ThreadPool::kMaxThreads + 1), Error);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)  // they need address space of their own
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{300u << 20, 300u << 20};  // stacks of 8 MB: some threads start, then no more
    ::setrlimit(RLIMIT_AS, &limit);
    ::alarm(20);
    try {
      ThreadPool pool(ThreadPool::kMaxThreads);
    } catch (const Error& error) {
      ::_exit(error.code() == ErrorCode::kLimit ? 0 : 2);
    }
    ::_exit(3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
#endif
}
