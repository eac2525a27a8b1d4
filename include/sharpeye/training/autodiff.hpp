#pragma once

/// @file
/// The ops policy that trains: carries out a model's operations and records them on a tape for the
/// backward pass.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sharpeye/core/arena.hpp"
#include "sharpeye/training/elementwise.hpp"
#include "sharpeye/training/parameters.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Reverse-mode differentiation of one sample. Run the model's forward code with this policy, end in cross_entropy()
/// (or seed() any tensor's gradient), call backward(): the gradients of the trained parameters have been *added* to
/// the FlatValues given. clear() begins the next sample in the same memory.
///
/// Everything runs on the calling thread: a batch uses all cores by giving each sample a thread of its own, which
/// needs no padding and no barrier per operation. Weights must come from Parameters<S>. See ops.hpp for what each
/// primitive means; tensors must not outlive the tape.
template <class S>
class Autodiff {
 public:
  using Scalar = S;

 private:
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

   private:
    friend class Autodiff;
    S* mutable_data() const { return const_cast<S*>(data()); }
    bool needs_gradient() const { return value_->needs_gradient; }
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

   private:
    friend class Autodiff;
    const S* data() const { return parameter_->values.data(); }

    std::shared_ptr<const Parameter<S>> parameter_;
    Index rows_ = 0, columns_ = 0;
  };
  using Matrix = Weight;
  using Vector = Weight;

  /// @param gradient [Parameters::num_trained()]; null for a forward pass only (nothing is recorded)
  explicit Autodiff(FlatValues<S>* gradient) : gradient_(gradient) {}
  Autodiff(const Autodiff&) = delete;
  Autodiff& operator=(const Autodiff&) = delete;

  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Autodiff>& epilogue = {}) {
    const Index m = x.rows(), n = weight.rows(), k = x.columns();
    const Activation activation = epilogue.activation;
    const Weight bias = epilogue.bias == nullptr ? Weight() : *epilogue.bias;
    const Tensor residual = epilogue.residual == nullptr ? Tensor() : *epilogue.residual;
    const bool needs = x.needs_gradient() || trains(weight) || trains(bias) ||
                       (residual.value_ != nullptr && residual.needs_gradient());
    const Tensor z = allocate(m, n, false);
    matmul_packed(arena_, m, n, k, {x.data(), k}, weight.parameter_->for_output.data(), z.mutable_data(), n, false);
    if (bias.parameter_ != nullptr) {
      for (Index i = 0; i < m; ++i) add_to(n, bias.data(), z.mutable_data() + i * n);
    }
    Tensor y = z;
    if (activation != Activation::kNone) {
      y = allocate(m, n, false);
      activate(activation, m * n, z.data(), y.mutable_data());
    }
    y.value_->needs_gradient = needs;
    if (residual.value_ != nullptr) add_to(m * n, residual.data(), y.mutable_data());
    record(y, [=] {
      const S* dy = gradient_of(y);
      if (residual.value_ != nullptr && residual.needs_gradient()) add_gradient(residual, dy);
      ArenaBuffer buffer;
      if (activation != Activation::kNone) {
        buffer = arena_.acquire(static_cast<std::size_t>(m * n) * sizeof(S));
        activation_gradient(activation, m * n, z.data(), dy, static_cast<S*>(buffer.data()));
        dy = static_cast<const S*>(buffer.data());
      }
      if (trains(bias)) {
        for (Index i = 0; i < m; ++i) add_to(n, dy + i * n, gradient_of(bias));
      }
      if (trains(weight)) matmul<S>(arena_, n, k, m, {dy, n, true}, {x.data(), k}, gradient_of(weight), k, true);
      if (x.needs_gradient()) {
        const bool fresh = begin_gradient(x);
        matmul_packed(arena_, m, k, n, {dy, n}, weight.parameter_->for_input.data(), gradient_of(x), k, !fresh);
      }
    });
    return y;
  }

  Tensor layer_norm(const Tensor& x, const Vector& gain, const Vector& bias, double epsilon) {
    const Index n = x.columns();
    Tensor y = allocate(x.rows(), n, x.needs_gradient() || trains(gain) || trains(bias));
    for (Index i = 0; i < x.rows(); ++i) {
      training::layer_norm(n, x.data() + i * n, gain.data(), bias.data(), static_cast<S>(epsilon),
                           y.mutable_data() + i * n);
    }
    record(y, [=] {
      S* dx = x.needs_gradient() ? zeroed_gradient(x) : nullptr;
      S* dgain = trains(gain) ? gradient_of(gain) : nullptr;
      S* dbias = trains(bias) ? gradient_of(bias) : nullptr;
      for (Index i = 0; i < x.rows(); ++i) {
        layer_norm_gradient(n, x.data() + i * n, gain.data(), static_cast<S>(epsilon), gradient_of(y) + i * n,
                            dx == nullptr ? nullptr : dx + i * n, dgain, dbias);
      }
    });
    return y;
  }

  Tensor rms_norm(const Tensor& x, const Vector& gain, double epsilon) {
    const Index n = x.columns();
    Tensor y = allocate(x.rows(), n, x.needs_gradient() || trains(gain));
    for (Index i = 0; i < x.rows(); ++i) {
      training::rms_norm(n, x.data() + i * n, gain.data(), static_cast<S>(epsilon), y.mutable_data() + i * n);
    }
    record(y, [=] {
      S* dx = x.needs_gradient() ? zeroed_gradient(x) : nullptr;
      S* dgain = trains(gain) ? gradient_of(gain) : nullptr;
      for (Index i = 0; i < x.rows(); ++i) {
        rms_norm_gradient(n, x.data() + i * n, gain.data(), static_cast<S>(epsilon), gradient_of(y) + i * n,
                          dx == nullptr ? nullptr : dx + i * n, dgain);
      }
    });
    return y;
  }

  Tensor multiply(const Tensor& a, const Tensor& b) {
    Tensor y = allocate(a.rows(), a.columns(), a.needs_gradient() || b.needs_gradient());
    const Index size = a.rows() * a.columns();
    training::multiply(size, a.data(), b.data(), y.mutable_data());
    record(y, [=] {
      const ArenaBuffer buffer = arena_.acquire(static_cast<std::size_t>(size) * sizeof(S));
      auto* gradient = static_cast<S*>(buffer.data());
      const auto flow = [&](const Tensor& to, const Tensor& other) {
        if (!to.needs_gradient()) return;
        training::multiply(size, static_cast<const S*>(gradient_of(y)), other.data(), gradient);
        add_gradient(to, gradient);
      };
      flow(a, b);
      flow(b, a);
    });
    return y;
  }

  Tensor rotary(const Tensor& x, Index num_heads, const RotaryTable& table,
                const std::vector<std::int32_t>& positions) {
    const Index n = x.columns();
    Tensor y = allocate(x.rows(), n, x.needs_gradient());
    const auto rotate_rows = [=, angles = &table](const S* from, S direction, S* to) {
      for (Index i = 0; i < x.rows(); ++i) {
        const Index position = positions[static_cast<std::size_t>(i)];
        rotate(num_heads, angles->half(), from + i * n, angles->cosines(position), angles->sines(position), direction,
               to + i * n);
      }
    };
    rotate_rows(x.data(), S{1}, y.mutable_data());
    record(y, [=] {
      const ArenaBuffer buffer = arena_.acquire(static_cast<std::size_t>(x.rows() * n) * sizeof(S));
      auto* gradient = static_cast<S*>(buffer.data());
      rotate_rows(gradient_of(y), S{-1}, gradient);
      add_gradient(x, gradient);
    });
    return y;
  }

  Tensor add(const Tensor& a, const Tensor& b) {
    Tensor y = allocate(a.rows(), a.columns(), a.needs_gradient() || b.needs_gradient());
    const Index size = a.rows() * a.columns();
    for (Index i = 0; i < size; ++i) y.mutable_data()[i] = a.data()[i] + b.data()[i];
    record(y, [=] {
      if (a.needs_gradient()) add_gradient(a, gradient_of(y));
      if (b.needs_gradient()) add_gradient(b, gradient_of(y));
    });
    return y;
  }

  Tensor rows(const Matrix& table, const std::vector<std::int32_t>& ids) {
    const Index n = table.columns();
    Tensor y = allocate(static_cast<Index>(ids.size()), n, trains(table));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::copy_n(table.data() + ids[i] * n, n, y.mutable_data() + static_cast<Index>(i) * n);
    }
    record(y, [=] {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        add_to(n, gradient_of(y) + static_cast<Index>(i) * n, gradient_of(table) + ids[i] * n);
      }
    });
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, Index num_heads, AttentionMask mask) {
    const Index hidden = q.columns(), head_dim = hidden / num_heads, queries = q.rows(), keys = k.rows();
    const Index width = k.columns(), group = hidden / width;  // `group` heads share keys and values
    const S scale = 1 / std::sqrt(static_cast<S>(head_dim));
    Tensor y = allocate(queries, hidden, q.needs_gradient() || k.needs_gradient() || v.needs_gradient());
    // The weights of all heads are kept for the backward pass: [num_heads * queries, keys].
    const Tensor weights = allocate(num_heads * queries, keys, false);
    for (Index head = 0; head < num_heads; ++head) {
      const Index column = head * head_dim, kv_column = head / group * head_dim;
      S* p = weights.mutable_data() + head * queries * keys;
      matmul<S>(arena_, queries, keys, head_dim, {q.data() + column, hidden}, {k.data() + kv_column, width, true}, p,
                keys, false);
      for (Index i = 0; i < queries; ++i) {
        const Index seen = mask == AttentionMask::kCausal ? keys - queries + i + 1 : keys;
        S* row = p + i * keys;
        for (Index j = 0; j < seen; ++j) row[j] *= scale;
        softmax(seen, row);
        std::fill(row + seen, row + keys, S{0});
      }
      matmul<S>(arena_, queries, head_dim, keys, {p, keys}, {v.data() + kv_column, width}, y.mutable_data() + column,
                hidden, false);
    }
    record(y, [=] {
      const ArenaBuffer buffer = arena_.acquire(static_cast<std::size_t>(queries * keys) * sizeof(S));
      auto* ds = static_cast<S*>(buffer.data());
      S* dq = q.needs_gradient() ? zeroed_gradient(q) : nullptr;
      S* dk = k.needs_gradient() ? zeroed_gradient(k) : nullptr;
      S* dv = v.needs_gradient() ? zeroed_gradient(v) : nullptr;
      for (Index head = 0; head < num_heads; ++head) {
        const Index column = head * head_dim, kv_column = head / group * head_dim;
        const S* p = weights.data() + head * queries * keys;
        const S* dy = gradient_of(y) + column;
        if (dv != nullptr) {
          matmul<S>(arena_, keys, head_dim, queries, {p, keys, true}, {dy, hidden}, dv + kv_column, width, true);
        }
        if (dq == nullptr && dk == nullptr) continue;
        matmul<S>(arena_, queries, keys, head_dim, {dy, hidden}, {v.data() + kv_column, width, true}, ds, keys, false);
        for (Index i = 0; i < queries; ++i) {
          softmax_gradient(keys, scale, p + i * keys, ds + i * keys);
        }
        if (dq != nullptr) {
          matmul<S>(arena_, queries, head_dim, keys, {ds, keys}, {k.data() + kv_column, width}, dq + column, hidden,
                    true);
        }
        if (dk != nullptr) {
          matmul<S>(arena_, keys, head_dim, queries, {ds, keys, true}, {q.data() + column, hidden}, dk + kv_column,
                    width, true);
        }
      }
    });
    return y;
  }

  /// Not differentiated: training reads whole sequences, with attention() and a causal mask.
  Tensor cached_attention(const Tensor&, const CachedRows<S>&, Index, const std::vector<RowSpan>&) {
    fail(ErrorCode::kUnsupported, "training: expected whole sequences, actual a continuation of a cache");
  }

  Tensor concat_rows(const std::vector<Tensor>& parts) {
    Index rows = 0;
    for (const Tensor& part : parts) rows += part.rows();
    Tensor y = allocate(rows, parts.front().columns(), any_needs_gradient(parts));
    S* target = y.mutable_data();
    for (const Tensor& part : parts) target = std::copy_n(part.data(), part.rows() * part.columns(), target);
    record(y, [=] {
      const S* dy = gradient_of(y);
      for (const Tensor& part : parts) {
        if (part.needs_gradient()) add_gradient(part, dy);
        dy += part.rows() * part.columns();
      }
    });
    return y;
  }

  Tensor concat_columns(const std::vector<Tensor>& parts) {
    Index columns = 0;
    for (const Tensor& part : parts) columns += part.columns();
    const Index rows = parts.front().rows();
    Tensor y = allocate(rows, columns, any_needs_gradient(parts));
    Index column = 0;
    for (const Tensor& part : parts) {
      copy_out(part, y.mutable_data() + column, columns);
      column += part.columns();
    }
    record(y, [=] {
      const S* dy = gradient_of(y);
      for (const Tensor& part : parts) {
        const Index n = part.columns();
        if (part.needs_gradient()) {
          S* gradient = zeroed_gradient(part);
          for (Index i = 0; i < rows; ++i) add_to(n, dy + i * columns, gradient + i * n);
        }
        dy += n;
      }
    });
    return y;
  }

  Tensor slice_rows(const Tensor& x, Index begin, Index count) {
    Tensor y = x;
    y.first_row_ += begin;
    y.rows_ = count;
    return y;
  }

  Tensor constant(const sharpeye::Matrix<float>& values) {
    return constant(values.data(), values.rows(), values.cols());
  }

  /// The same, from `rows` * `columns` elements.
  Tensor constant(const float* values, Index rows, Index columns) {
    Tensor y = allocate(rows, columns, false);
    std::copy_n(values, rows * columns, y.mutable_data());
    return y;
  }

  template <class T>
  void copy_out(const Tensor& x, T* destination, Index stride) const {
    for (Index i = 0; i < x.rows(); ++i) {
      std::copy_n(x.data() + i * x.columns(), x.columns(), destination + i * stride);
    }
  }

  /// sum_i -log softmax(logits[i])[targets[i]], and `scale` times it as the start of the backward pass. Rows
  /// whose target is negative do not count. logits [n, vocab], targets [n].
  double cross_entropy(const Tensor& logits, const std::vector<std::int32_t>& targets, S scale) {
    const Index n = logits.columns();
    const Tensor p = allocate(logits.rows(), n, false);
    std::copy_n(logits.data(), logits.rows() * n, p.mutable_data());
    double loss = 0;
    for (Index i = 0; i < p.rows(); ++i) {
      const std::int32_t target = targets[static_cast<std::size_t>(i)];
      S* row = p.mutable_data() + i * n;
      if (target < 0) {
        std::fill_n(row, n, S{0});
        continue;
      }
      const S log_sum = softmax(n, row);
      loss += static_cast<double>(log_sum) - static_cast<double>(logits.data()[i * n + target]);
      row[target] -= 1;
      for (Index j = 0; j < n; ++j) row[j] *= scale;
    }
    if (gradient_ != nullptr && logits.needs_gradient()) {
      steps_.push_back([this, logits, p] { add_gradient(logits, p.data()); });
    }
    return loss;
  }

  /// Adds `gradient` [rows, columns] to the gradient of x.
  void seed(const Tensor& x, const S* gradient) {
    if (x.needs_gradient()) add_gradient(x, gradient);
  }

  /// The backward pass: the recorded steps, last first.
  void backward() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
    steps_.clear();
  }

  /// Empties the tape, but keeps its memory.
  void clear() { steps_.clear(); }

 private:
  static bool any_needs_gradient(const std::vector<Tensor>& parts) {
    return std::any_of(parts.begin(), parts.end(), [](const Tensor& part) { return part.needs_gradient(); });
  }

  static void add_to(Index n, const S* from, S* to) {
    for (Index i = 0; i < n; ++i) to[i] += from[i];
  }

  bool trains(const Weight& weight) const {
    return gradient_ != nullptr && weight.parameter_ != nullptr && weight.parameter_->is_trained();
  }

  Tensor allocate(Index rows, Index columns, bool needs_gradient) {
    Tensor tensor;
    tensor.value_ = std::make_shared<Value>(
        Value{arena_.acquire(static_cast<std::size_t>(rows * columns) * sizeof(S)), {}, rows, columns, needs_gradient});
    tensor.rows_ = rows;
    return tensor;
  }

  // Records a step of the backward pass on the tape; it is skipped where y has received no gradient.
  template <class Step>
  void record(const Tensor& y, Step step) {
    if (gradient_ == nullptr || !y.needs_gradient()) return;
    steps_.push_back([y, step = std::move(step)] {
      if (y.value_->has_gradient) step();
    });
  }

  S* gradient_of(const Weight& weight) const { return gradient_->data() + weight.parameter_->offset; }
  S* gradient_of(const Tensor& x) const {
    return static_cast<S*>(x.value_->gradient.data()) + x.first_row_ * x.columns();
  }

  // Makes sure that x has a gradient. @return whether it is new and, all of it being x, not yet filled.
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

  S* zeroed_gradient(const Tensor& x) {
    if (begin_gradient(x)) std::fill_n(gradient_of(x), x.rows() * x.columns(), S{0});
    return gradient_of(x);
  }

  void add_gradient(const Tensor& x, const S* gradient) {
    if (begin_gradient(x)) {
      std::copy_n(gradient, x.rows() * x.columns(), gradient_of(x));
    } else {
      add_to(x.rows() * x.columns(), gradient, gradient_of(x));
    }
  }

  FlatValues<S>* gradient_;
  Arena arena_;  // before the steps, which hold its buffers
  std::vector<std::function<void()>> steps_;
};

#if defined(SHARPEYE_COMPILED)
extern template class Autodiff<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
