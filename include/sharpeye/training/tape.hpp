#pragma once

/// @file
/// The tape: what the forward pass of training records, so that the backward pass can follow it from the end.

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sharpeye/core/arena.hpp"
#include "sharpeye/training/parameters.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Values, their gradients, and the steps of the backward pass of one sample. It knows no operation: those of
/// autodiff.hpp allocate() their result, fill it, and record() how its gradient goes on to what it was made of.
template <class S>
class Tape {
  // The elements of a tensor and, once the backward pass has reached them, their gradient.
  struct Value {
    ArenaBuffer elements, gradient;
    Index rows, columns;
    bool needs_gradient;
    bool has_gradient = false;
  };

 public:
  /// Rows of a value; slices share its elements and its gradient.
  class Tensor {
   public:
    Tensor() = default;
    Index rows() const { return rows_; }
    Index columns() const { return value_->columns; }
    const S* data() const { return static_cast<const S*>(value_->elements.data()) + first_row_ * value_->columns; }
    /// For the operation whose result it is, before anyone reads it.
    S* mutable_data() const { return const_cast<S*>(data()); }
    /// Whether anything that trains has a part in it.
    bool needs_gradient() const { return value_->needs_gradient; }
    /// `count` of its rows, from `begin` on.
    Tensor slice(Index begin, Index count) const {
      Tensor rows = *this;
      rows.first_row_ += begin;
      rows.rows_ = count;
      return rows;
    }

   private:
    friend class Tape;
    bool is_whole() const { return rows_ == value_->rows; }

    std::shared_ptr<Value> value_;
    Index first_row_ = 0, rows_ = 0;
  };

  /// A trained or frozen weight.
  class Weight {
   public:
    Weight() = default;
    /// @throws Error kInvalidArgument unless the tensor is one of Parameters<S>::loader().
    explicit Weight(const WeightTensor& tensor) : parameter_(Parameter<S>::of(tensor)) {
      require(parameter_ != nullptr, ErrorCode::kInvalidArgument, tensor.name,
              ": expected a tensor of training::Parameters, actual another");
      rows_ = tensor.shape.empty() ? 1 : tensor.shape[0];
      columns_ = rows_ == 0 ? 0 : tensor.size() / rows_;
    }
    Index rows() const { return rows_; }
    Index columns() const { return columns_; }
    const S* data() const { return parameter_->values.data(); }
    /// Null for a Weight() of nothing.
    const Parameter<S>* parameter() const { return parameter_.get(); }

   private:
    std::shared_ptr<const Parameter<S>> parameter_;
    Index rows_ = 0, columns_ = 0;
  };

  /// @param gradient [Parameters::num_trained()]; null for a forward pass only (nothing is recorded)
  explicit Tape(FlatValues<S>* gradient) : gradient_(gradient) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Whether there will be a backward pass.
  bool is_recording() const { return gradient_ != nullptr; }
  /// Whether the weight's gradient is wanted.
  bool trains(const Weight& weight) const {
    return is_recording() && weight.parameter() != nullptr && weight.parameter()->is_trained();
  }

  /// A tensor of any content.
  Tensor allocate(Index rows, Index columns, bool needs_gradient) {
    Tensor tensor;
    tensor.value_ = std::make_shared<Value>(
        Value{arena_.acquire(static_cast<std::size_t>(rows * columns) * sizeof(S)), {}, rows, columns, needs_gradient});
    tensor.rows_ = rows;
    return tensor;
  }
  /// Where operations take working memory from.
  Arena& arena() { return arena_; }

  /// Records a step of the backward pass, which hands the gradient of y on; it is skipped where y has received none.
  template <class Step>
  void record(const Tensor& y, Step step) {
    if (!is_recording() || !y.needs_gradient()) return;
    record_always([y, step = std::move(step)] {
      if (y.value_->has_gradient) step();
    });
  }
  /// Records a step that needs no gradient: the first of a backward pass.
  void record_always(std::function<void()> step) { steps_.push_back(std::move(step)); }

  /// The backward pass: the recorded steps, last first.
  void backward() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
    steps_.clear();
  }

  /// Empties the tape, but keeps its memory.
  void clear() { steps_.clear(); }

  /// Of a weight that trains(), within the flat gradient; of a tensor that has one, [rows, columns].
  S* gradient_of(const Weight& weight) const { return gradient_->data() + weight.parameter()->offset; }
  S* gradient_of(const Tensor& x) const {
    return static_cast<S*>(x.value_->gradient.data()) + x.first_row_ * x.columns();
  }

  /// Makes sure that x has a gradient. @return whether it is new and, all of it being x, not yet filled.
  bool begin_gradient(const Tensor& x) {
    Value& value = *x.value_;
    if (value.has_gradient) return false;
    const std::size_t size = static_cast<std::size_t>(value.rows * value.columns);
    value.gradient = arena_.acquire(size * sizeof(S));
    value.has_gradient = true;
    if (x.is_whole()) return true;
    std::fill_n(static_cast<S*>(value.gradient.data()), size, S{0});
    return false;
  }

  /// The gradient of x, to add to: zeros if it is new.
  S* zeroed_gradient(const Tensor& x) {
    if (begin_gradient(x)) std::fill_n(gradient_of(x), x.rows() * x.columns(), S{0});
    return gradient_of(x);
  }

  /// Adds `gradient` [rows, columns] to the gradient of x.
  void add_gradient(const Tensor& x, const S* gradient) {
    if (begin_gradient(x)) {
      std::copy_n(gradient, x.rows() * x.columns(), gradient_of(x));
    } else {
      add_to(x.rows() * x.columns(), gradient, gradient_of(x));
    }
  }

  /// to[i] += from[i]
  static void add_to(Index n, const S* from, S* to) {
    for (Index i = 0; i < n; ++i) to[i] += from[i];
  }

 private:
  FlatValues<S>* gradient_;
  Arena arena_;  // before the steps, which hold its buffers
  std::vector<std::function<void()>> steps_;
};

#if defined(SHARPEYE_COMPILED)
extern template class Tape<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
