#pragma once

/// @file
/// The ops policy that computes nothing and counts: floating-point operations of any model's own data flow.

#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/formats/weight_tensor.hpp"
#include "sharpeye/ops/ops.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A model constructed with this policy knows only shapes. Running it adds up what the matrix products cost (2
/// operations a multiply-add); everything else is left out, as is usual. See ops.hpp for the primitives.
class Counting {
 public:
  using Scalar = float;

  class Tensor {
   public:
    Tensor() = default;
    Tensor(Index rows, Index columns) : rows_(rows), columns_(columns) {}
    Index rows() const { return rows_; }
    Index columns() const { return columns_; }

   private:
    Index rows_ = 0, columns_ = 0;
  };

  class Matrix {
   public:
    Matrix() = default;
    explicit Matrix(const WeightTensor& tensor)
        : rows_(tensor.shape.empty() ? 1 : tensor.shape[0]), columns_(rows_ == 0 ? 0 : tensor.size() / rows_) {}
    Index rows() const { return rows_; }
    Index columns() const { return columns_; }

   private:
    Index rows_ = 0, columns_ = 0;
  };

  class Vector {
   public:
    Vector() = default;
    explicit Vector(const WeightTensor&) {}
  };

  /// Operations so far.
  double flops() const { return flops_; }

  Tensor linear(const Tensor& x, const Matrix& weight, const LinearEpilogue<Counting>& = {}) {
    flops_ += 2.0 * static_cast<double>(x.rows()) * static_cast<double>(weight.rows()) *
              static_cast<double>(weight.columns());
    return {x.rows(), weight.rows()};
  }
  Tensor layer_norm(const Tensor& x, const Vector&, const Vector&, double) const { return x; }
  Tensor rms_norm(const Tensor& x, const Vector&, double) const { return x; }
  Tensor add(const Tensor& a, const Tensor&) const { return a; }
  Tensor multiply(const Tensor& a, const Tensor&) const { return a; }
  Tensor rotary(const Tensor& x, Index, const RotaryTable&, const std::vector<std::int32_t>&) const { return x; }
  Tensor rows(const Matrix& table, const std::vector<std::int32_t>& ids) const {
    return {static_cast<Index>(ids.size()), table.columns()};
  }
  Tensor mean_rows(const Tensor& x, const std::vector<std::vector<std::int32_t>>& groups) const {
    return {static_cast<Index>(groups.size()), x.columns()};
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor&, Index, AttentionMask mask, const float* = nullptr) {
    for (Index i = 0; i < q.rows(); ++i) {
      count_query(q, mask == AttentionMask::kCausal ? k.rows() - q.rows() + i + 1 : k.rows());
    }
    return q;
  }
  Tensor cached_attention(const Tensor& q, const CachedRows<float>&, Index, const std::vector<RowSpan>& spans) {
    for (const RowSpan& span : spans) count_query(q, span.count);
    return q;
  }
  Tensor concat_rows(const std::vector<Tensor>& parts) const {
    Index rows = 0;
    for (const Tensor& part : parts) rows += part.rows();
    return {rows, parts.front().columns()};
  }
  Tensor concat_columns(const std::vector<Tensor>& parts) const {
    Index columns = 0;
    for (const Tensor& part : parts) columns += part.columns();
    return {parts.front().rows(), columns};
  }
  Tensor slice_rows(const Tensor& x, Index, Index count) const { return {count, x.columns()}; }
  Tensor constant(const sharpeye::Matrix<float>& values) const { return {values.rows(), values.cols()}; }
  template <class T>
  void copy_out(const Tensor&, T*, Index) const {}
  template <class T>
  void copy_heads(const Tensor&, Index, T*, const HeadPlaces&) const {}

 private:
  // one row of q k^T and of its product with v, over all heads
  void count_query(const Tensor& q, Index keys) {
    flops_ += 4.0 * static_cast<double>(keys) * static_cast<double>(q.columns());
  }

  double flops_ = 0;
};

SHARPEYE_NAMESPACE_END
