#pragma once

/// @file
/// The gradient of a batch: samples on all threads, and the same sum for any number of threads.

#include <exception>
#include <memory>
#include <vector>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/training/autodiff.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A fixed number of partial gradients. Sample i belongs to shard i mod kShards, whose samples run one after the
/// other; the shards run in parallel and are added up in their order.
template <class S>
class GradientShards {
 public:
  /// Threads beyond this number have nothing to do; each shard costs one gradient of memory.
  static constexpr Index kShards = 4;

  explicit GradientShards(Index num_trained) {
    for (Index shard = 0; shard < kShards; ++shard) {
      gradients_[shard].assign(static_cast<std::size_t>(num_trained), S{0});
      tapes_[shard] = std::make_unique<Autodiff<S>>(&gradients_[shard]);
    }
  }

  /// Where the backward pass of sample i adds its gradient.
  FlatValues<S>& of_sample(Index i) { return gradients_[i % kShards]; }

  /// Runs body(i, tape) for each sample, the tape being cleared in between, and goes back through each.
  /// @param body `double(Index, Autodiff<S>&)`: the loss. @return the sum of the losses
  template <class Body>
  double run(ThreadPool& pool, Index count, const Body& body) {
    std::vector<double> losses(static_cast<std::size_t>(count));
    for_each_sample(pool, count, [&](Index i) {
      Autodiff<S>& tape = *tapes_[i % kShards];
      losses[static_cast<std::size_t>(i)] = body(i, tape);
      tape.backward();
    });
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum;
  }

  /// The same split for work of another form: body(i), shard by shard. What the body throws (memory may run out) ends
  /// its shard, and is thrown on when the others are done.
  template <class Body>
  static void for_each_sample(ThreadPool& pool, Index count, const Body& body) {
    std::exception_ptr errors[kShards];
    pool.parallel_for(kShards, [&](Index shard) {
      try {
        for (Index i = shard; i < count; i += kShards) body(i);
      } catch (...) {
        errors[shard] = std::current_exception();
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

  /// The sum of the shards; they are zero afterwards. Valid until the next call.
  FlatValues<S>& sum(ThreadPool& pool) {
    const auto size = static_cast<Index>(gradients_[0].size());
    sum_.resize(gradients_[0].size());
    constexpr Index kBlock = 1 << 15;
    pool.parallel_for((size + kBlock - 1) / kBlock, [&](Index block) {
      for (Index i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) {
        S total = 0;
        for (auto& gradient : gradients_) {
          total += gradient[static_cast<std::size_t>(i)];
          gradient[static_cast<std::size_t>(i)] = 0;
        }
        sum_[static_cast<std::size_t>(i)] = total;
      }
    });
    return sum_;
  }

 private:
  FlatValues<S> gradients_[kShards], sum_;
  std::unique_ptr<Autodiff<S>> tapes_[kShards];
};

#if defined(SHARPEYE_COMPILED)
extern template class GradientShards<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
