#pragma once

/// @file
/// The ops policy that trains: carries out a model's operations and records them on the tape for the backward pass.

#include <algorithm>
#include <cmath>
#include <vector>

#include "sharpeye/training/attention.hpp"
#include "sharpeye/training/elementwise.hpp"
#include "sharpeye/training/tape.hpp"

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
class Autodiff : public Tape<S> {
 public:
  using Scalar = S;
  using typename Tape<S>::Tensor;
  using typename Tape<S>::Weight;
  using Matrix = Weight;
  using Vector = Weight;

  /// @param gradient as of Tape
  explicit Autodiff(FlatValues<S>* gradient) : Tape<S>(gradient) {}

  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Autodiff>& epilogue = {}) {
    const Index m = x.rows(), n = weight.rows(), k = x.columns();
    const Activation activation = epilogue.activation;
    const Weight bias = epilogue.bias == nullptr ? Weight() : *epilogue.bias;
    const bool has_residual = epilogue.residual != nullptr;
    const Tensor residual = has_residual ? *epilogue.residual : Tensor();
    const bool needs =
        x.needs_gradient() || trains(weight) || trains(bias) || (has_residual && residual.needs_gradient());
    const Tensor z = allocate(m, n, needs);
    matmul_packed(arena(), m, n, k, {x.data(), k}, weight.parameter()->for_output.data(), z.mutable_data(), n, false);
    if (bias.parameter() != nullptr) {
      for (Index i = 0; i < m; ++i) add_to(n, bias.data(), z.mutable_data() + i * n);
    }
    Tensor y = z;
    if (activation != Activation::kNone) {
      y = allocate(m, n, needs);
      activate(activation, m * n, z.data(), y.mutable_data());
    }
    if (has_residual) add_to(m * n, residual.data(), y.mutable_data());
    record(y, [=] {
      const S* dy = gradient_of(y);
      if (has_residual && residual.needs_gradient()) add_gradient(residual, dy);
      ArenaBuffer buffer;
      if (activation != Activation::kNone) {
        buffer = arena().acquire(static_cast<std::size_t>(m * n) * sizeof(S));
        activation_gradient(activation, m * n, z.data(), dy, static_cast<S*>(buffer.data()));
        dy = static_cast<const S*>(buffer.data());
      }
      if (trains(bias)) {
        for (Index i = 0; i < m; ++i) add_to(n, dy + i * n, gradient_of(bias));
      }
      if (trains(weight)) matmul<S>(arena(), n, k, m, {dy, n, true}, {x.data(), k}, gradient_of(weight), k, true);
      if (x.needs_gradient()) {
        const bool fresh = begin_gradient(x);
        matmul_packed(arena(), m, k, n, {dy, n}, weight.parameter()->for_input.data(), gradient_of(x), k, !fresh);
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
      const ArenaBuffer buffer = arena().acquire(static_cast<std::size_t>(size) * sizeof(S));
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
      const ArenaBuffer buffer = arena().acquire(static_cast<std::size_t>(x.rows() * n) * sizeof(S));
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

  Tensor mean_rows(const Tensor& x, const std::vector<std::vector<std::int32_t>>& groups) {
    const Index n = x.columns();
    Tensor y = allocate(static_cast<Index>(groups.size()), n, x.needs_gradient());
    S* out = y.mutable_data();
    for (const auto& group : groups) {
      std::fill_n(out, n, S{0});
      for (const std::int32_t row : group) add_to(n, x.data() + row * n, out);
      for (Index j = 0; j < n; ++j) out[j] /= static_cast<S>(group.size());
      out += n;
    }
    record(y, [=] {
      const S* dy = gradient_of(y);
      S* dx = zeroed_gradient(x);
      for (const auto& group : groups) {
        for (const std::int32_t row : group) {
          for (Index j = 0; j < n; ++j) dx[row * n + j] += dy[j] / static_cast<S>(group.size());
        }
        dy += n;
      }
    });
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, Index num_heads, AttentionMask mask,
                   const float* key_bias = nullptr) {
    return training::attention<S>(*this, q, k, v, num_heads, mask, key_bias);
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

  Tensor slice_rows(const Tensor& x, Index begin, Index count) { return x.slice(begin, count); }

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

  template <class T>
  void copy_heads(const Tensor& x, Index num_heads, T* destination, const HeadPlaces& places) const {
    const Index head_dim = x.columns() / num_heads;
    for (Index i = 0; i < x.rows() * num_heads; ++i) {
      std::copy_n(x.data() + i * head_dim, head_dim,
                  destination + i / num_heads * places.row_stride + i % num_heads * places.head_stride);
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
    if (this->is_recording() && logits.needs_gradient()) {
      this->record_always([this, logits, p] { add_gradient(logits, p.data()); });
    }
    return loss;
  }

  /// Adds `gradient` [rows, columns] to the gradient of x.
  void seed(const Tensor& x, const S* gradient) {
    if (x.needs_gradient()) add_gradient(x, gradient);
  }

 private:
  using Tape<S>::add_gradient, Tape<S>::add_to, Tape<S>::allocate, Tape<S>::arena, Tape<S>::begin_gradient,
      Tape<S>::gradient_of, Tape<S>::record, Tape<S>::trains, Tape<S>::zeroed_gradient;

  static bool any_needs_gradient(const std::vector<Tensor>& parts) {
    return std::any_of(parts.begin(), parts.end(), [](const Tensor& part) { return part.needs_gradient(); });
  }
};

#if defined(SHARPEYE_COMPILED)
extern template class Autodiff<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
