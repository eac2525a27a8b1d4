#pragma once

/// @file
/// The oracle: every primitive in plain Eigen.

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/ops/ops.hpp"
#include "sharpeye/simd/reference.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The ops policy that checks the others, usually in double. See ops.hpp for what each primitive means.
template <class S>
class Naive {
 public:
  using Scalar = S;
  static constexpr bool kReadsHalves = true;

  class Tensor {
   public:
    Tensor() = default;
    Tensor(sharpeye::Matrix<S> values) : values_(std::make_shared<const sharpeye::Matrix<S>>(std::move(values))) {}
    Index rows() const { return values_->rows(); }
    Index columns() const { return values_->cols(); }
    const sharpeye::Matrix<S>& values() const { return *values_; }

   private:
    std::shared_ptr<const sharpeye::Matrix<S>> values_;
  };

  class Matrix {
   public:
    Matrix() = default;
    explicit Matrix(const WeightTensor& tensor) {
      // Weights of any rank are matrices whose first extent counts the rows (a patch embedding is [out, channels*p*p]).
      const Index rows = tensor.shape.empty() ? 1 : tensor.shape[0];
      values.resize(rows, rows == 0 ? 0 : tensor.size() / rows);
      tensor.copy_to(values.data());
    }
    Index rows() const { return values.rows(); }
    sharpeye::Matrix<S> values;
  };

  class Vector {
   public:
    Vector() = default;
    explicit Vector(const WeightTensor& tensor) : values(1, tensor.size()) { tensor.copy_to(values.data()); }
    Eigen::Matrix<S, 1, Eigen::Dynamic> values;
  };

  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Naive>& epilogue = {}) const {
    sharpeye::Matrix<S> y = x.values() * weight.values.transpose();
    if (epilogue.bias != nullptr) y.rowwise() += epilogue.bias->values;
    y = y.unaryExpr([&](S value) { return simd::reference::activate(epilogue.activation, value); }).eval();
    if (epilogue.residual != nullptr) y += epilogue.residual->values();
    return y;
  }

  Tensor layer_norm(const Tensor& x, const Vector& gain, const Vector& bias, double epsilon) const {
    sharpeye::Matrix<S> y = x.values().colwise() - x.values().rowwise().mean();
    const auto variance = y.array().square().rowwise().mean().eval();
    y = y.array().colwise() / (variance + static_cast<S>(epsilon)).sqrt();
    y = (y.array().rowwise() * gain.values.array()).rowwise() + bias.values.array();
    return y;
  }

  Tensor rms_norm(const Tensor& x, const Vector& gain, double epsilon) const {
    const auto mean_square = x.values().array().square().rowwise().mean().eval();
    sharpeye::Matrix<S> y = x.values().array().colwise() / (mean_square + static_cast<S>(epsilon)).sqrt();
    y = y.array().rowwise() * gain.values.array();
    return y;
  }

  Tensor add(const Tensor& a, const Tensor& b) const { return sharpeye::Matrix<S>(a.values() + b.values()); }

  Tensor multiply(const Tensor& a, const Tensor& b) const {
    return sharpeye::Matrix<S>(a.values().cwiseProduct(b.values()));
  }

  Tensor rotary(const Tensor& x, Index num_heads, const RotaryTable& table,
                const std::vector<std::int32_t>& positions) const {
    const Index half = table.half();
    sharpeye::Matrix<S> y(x.rows(), x.columns());
    for (Index i = 0; i < x.rows(); ++i) {
      const Index position = positions[static_cast<std::size_t>(i)];
      const auto c = view_matrix(table.cosines(position), 1, half, half).template cast<S>().eval();
      const auto s = view_matrix(table.sines(position), 1, half, half).template cast<S>().eval();
      for (Index head = 0; head < num_heads; ++head) {
        const auto first = x.values().block(i, 2 * head * half, 1, half);
        const auto second = x.values().block(i, (2 * head + 1) * half, 1, half);
        y.block(i, 2 * head * half, 1, half) = first.cwiseProduct(c) - second.cwiseProduct(s);
        y.block(i, (2 * head + 1) * half, 1, half) = second.cwiseProduct(c) + first.cwiseProduct(s);
      }
    }
    return y;
  }

  Tensor rows(const Matrix& table, const std::vector<std::int32_t>& ids) const {
    sharpeye::Matrix<S> y(static_cast<Index>(ids.size()), table.values.cols());
    for (Index i = 0; i < y.rows(); ++i) y.row(i) = table.values.row(ids[static_cast<std::size_t>(i)]);
    return y;
  }

  Tensor mean_rows(const Tensor& x, const std::vector<std::vector<std::int32_t>>& groups) const {
    sharpeye::Matrix<S> y = sharpeye::Matrix<S>::Zero(static_cast<Index>(groups.size()), x.columns());
    for (Index i = 0; i < y.rows(); ++i) {
      const auto& group = groups[static_cast<std::size_t>(i)];
      for (const std::int32_t row : group) y.row(i) += x.values().row(row);
      y.row(i) /= static_cast<S>(group.size());
    }
    return y;
  }

  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, Index num_heads, AttentionMask mask,
                   const float* key_bias = nullptr) const {
    const Index head_dim = q.columns() / num_heads;
    sharpeye::Matrix<S> context(q.rows(), q.columns());
    const Index group = q.columns() / k.columns();
    for (Index head = 0; head < num_heads; ++head) {
      const Index kv_column = head / group * head_dim;
      for (Index i = 0; i < q.rows(); ++i) {
        const Index seen = mask == AttentionMask::kCausal ? k.rows() - q.rows() + i + 1 : k.rows();
        context.block(i, head * head_dim, 1, head_dim) =
            attend(q.values().block(i, head * head_dim, 1, head_dim), k.values().block(0, kv_column, seen, head_dim),
                   v.values().block(0, kv_column, seen, head_dim), key_bias);
      }
    }
    return context;
  }

  Tensor attention(const Tensor& q, const CachedRows<float16>& cache, Index num_keys, Index num_heads,
                   AttentionMask mask) const {
    std::vector<std::int32_t> first(static_cast<std::size_t>(num_keys));
    for (Index j = 0; j < num_keys; ++j) first[static_cast<std::size_t>(j)] = static_cast<std::int32_t>(j);
    const Index head_dim = q.columns() / num_heads;
    const RowSpan span{first.data(), num_keys};
    return attention(q, cached(cache, cache.keys, head_dim, span), cached(cache, cache.values, head_dim, span),
                     num_heads, mask, cache.key_bias);
  }

  template <class T = S>
  Tensor cached_attention(const Tensor& q, const CachedRows<T>& cache, Index num_heads,
                          const std::vector<RowSpan>& spans) const {
    sharpeye::Matrix<S> context(q.rows(), q.columns());
    for (Index i = 0; i < q.rows(); ++i) {
      const RowSpan& span = spans[static_cast<std::size_t>(i)];
      std::vector<float> bias;
      for (Index j = 0; cache.key_bias != nullptr && j < span.count; ++j) bias.push_back(cache.key_bias[span.rows[j]]);
      const Index head_dim = q.columns() / num_heads;
      context.row(i) = attention(slice_rows(q, i, 1), cached(cache, cache.keys, head_dim, span),
                                 cached(cache, cache.values, head_dim, span), num_heads, AttentionMask::kNone,
                                 bias.empty() ? nullptr : bias.data())
                           .values();
    }
    return context;
  }

  Tensor concat_rows(const std::vector<Tensor>& parts) const {
    Index rows = 0;
    for (const Tensor& part : parts) rows += part.rows();
    sharpeye::Matrix<S> y(rows, parts.front().columns());
    rows = 0;
    for (const Tensor& part : parts) {
      y.middleRows(rows, part.rows()) = part.values();
      rows += part.rows();
    }
    return y;
  }

  Tensor concat_columns(const std::vector<Tensor>& parts) const {
    Index columns = 0;
    for (const Tensor& part : parts) columns += part.columns();
    sharpeye::Matrix<S> y(parts.front().rows(), columns);
    columns = 0;
    for (const Tensor& part : parts) {
      y.middleCols(columns, part.columns()) = part.values();
      columns += part.columns();
    }
    return y;
  }

  Tensor slice_rows(const Tensor& x, Index begin, Index count) const {
    return sharpeye::Matrix<S>(x.values().middleRows(begin, count));
  }

  Tensor constant(const sharpeye::Matrix<float>& values) const {
    return sharpeye::Matrix<S>(values.template cast<S>());
  }

  template <class T>
  void copy_out(const Tensor& x, T* destination, Index stride) const {
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index j = 0; j < x.columns(); ++j) destination[i * stride + j] = static_cast<T>(x.values()(i, j));
    }
  }

  template <class T>
  void copy_heads(const Tensor& x, Index num_heads, T* destination, const HeadPlaces& places) const {
    const Index head_dim = x.columns() / num_heads;
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index head = 0; head < num_heads; ++head) {
        const sharpeye::Matrix<S> part = x.values().block(i, head * head_dim, 1, head_dim);
        T* to = destination + i * places.row_stride + head * places.head_stride;
        if constexpr (std::is_same_v<T, float16>) {
          const sharpeye::Matrix<float> floats = part.template cast<float>();
          simd::reference::to_halves(head_dim, floats.data(), to);
        } else {
          std::copy_n(part.data(), head_dim, to);
        }
      }
    }
  }

 private:
  static S scalar(S x) { return x; }
  static S scalar(float16 x) { return static_cast<S>(static_cast<float>(x)); }

  // the rows of a cache that a query sees
  template <class T>
  static Tensor cached(const CachedRows<T>& cache, const T* store, Index head_dim, const RowSpan& span) {
    sharpeye::Matrix<S> x(span.count, cache.num_heads * head_dim);
    for (Index j = 0; j < span.count; ++j) {
      for (Index i = 0; i < x.cols(); ++i) {
        const Index head = i / head_dim, row = span.rows[j];
        x(j, i) = scalar(store[head * cache.places.head_stride + row * cache.places.row_stride + i % head_dim]);
      }
    }
    return x;
  }

  // softmax(q k^T / sqrt(head_dim) + bias) v for one query and one head
  static sharpeye::Matrix<S> attend(const sharpeye::Matrix<S>& q, const sharpeye::Matrix<S>& k,
                                    const sharpeye::Matrix<S>& v, const float* bias) {
    sharpeye::Matrix<S> weights = q * k.transpose() / std::sqrt(static_cast<S>(q.cols()));
    for (Index j = 0; bias != nullptr && j < k.rows(); ++j) weights(0, j) += static_cast<S>(bias[j]);
    weights = (weights.array() - weights.maxCoeff()).exp();
    return weights * v / weights.sum();
  }
};

SHARPEYE_NAMESPACE_END
