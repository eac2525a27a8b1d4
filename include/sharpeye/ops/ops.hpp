#pragma once

/// @file
/// The contract between the models and what carries them out.
///
/// A model is a template on an *ops policy*. The architecture is written once; `Inference<float>` runs it on the
/// kernels, `Naive<double>` computes the same in plain Eigen, for the tests to compare, `Counting` adds up what it
/// costs, and `training::Autodiff<float>` differentiates it. A policy provides these types:
///
/// - `Scalar`: the elements of activations.
/// - `Tensor`: an activation [rows, columns]; a cheap handle with rows() and columns(), never written to again.
/// - `Matrix`: a weight [out, in], constructed from a WeightTensor; also a table to look up rows in.
/// - `Vector`: a weight [n], constructed from a WeightTensor.
///
/// and these operations:
///
/// - `linear(x, matrix, epilogue)`: activation(x W^T + bias) + residual
/// - `layer_norm(x, gain, bias, epsilon)` over each row: (x - mean) / sqrt(variance + epsilon) gain + bias
/// - `rms_norm(x, gain, epsilon)` over each row: x / sqrt(mean(x^2) + epsilon) gain
/// - `add(a, b)`, `multiply(a, b)`: element by element
/// - `rotary(x, num_heads, table, positions)`: turns the pairs (x[i], x[i + head_dim / 2]) of each head in
///   row r by the angles of positions[r]; the table must outlive what is made with it
///   (to multiply and rotary a model hands over what it needs no longer, std::move(a): its memory may be the result's)
/// - `rows(matrix, ids)`: [ids.size(), columns], row ids[i] of the matrix
/// - `mean_rows(x, groups)`: [groups.size(), columns], row i the mean of x's rows groups[i], of which there is one or
/// more
/// - `attention(q, k, v, num_heads, mask, key_bias)`: softmax(q k^T / sqrt(head_dim) + bias) v for each head, head_dim
/// =
///   columns of q / num_heads. Where k and v have fewer heads (grouped-query attention), groups of consecutive query
///   heads share one. The bias [keys] is the same for all queries and heads; null, the default, is none
/// - `cached_attention(q, cache, num_heads, spans)`: the same, query i over the rows of the cache in spans[i]. A cache
///   holds elements of type Scalar
/// - `concat_rows(list)`, `concat_columns(list)`, `slice_rows(x, begin, count)`
/// - `constant(matrix)`: an input from outside
/// - `copy_out(x, destination, stride)`: the elements of x, row after row
/// - `copy_heads(x, num_heads, destination, places)`: the same by HeadPlaces, to a cache
///
/// and may provide
///
/// - `linears(x, terms)`: `linear` of the same x for each term, where that is better than one after the other
/// - `kReadsHalves`, true: copy_heads() writes float16, cached_attention() reads a cache of them, and so does
///   `attention(q, cache, num_keys, num_heads, mask)`, whose keys are the cache's first rows
/// - `Matrix::is_integer()`: whether `linear` rounds its input to integers for this weight
///
/// Shapes are the models' responsibility: they follow from configurations that were checked when they were read.

#include <array>
#include <type_traits>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/ops/rotary.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

using simd::Activation;
using simd::RowSpan;

/// What `linear` does to x W^T: adds the bias, applies the activation, adds the residual. Absent parts are null.
template <class Ops>
struct LinearEpilogue {
  const typename Ops::Vector* bias = nullptr;
  Activation activation = Activation::kNone;
  const typename Ops::Tensor* residual = nullptr;
};

/// One `linear` of several.
template <class Ops>
struct LinearTerm {
  const typename Ops::Matrix* weight;
  LinearEpilogue<Ops> epilogue;
};

namespace detail {
template <class Ops, std::size_t N>
auto linears(Ops& ops, const typename Ops::Tensor& x, const std::array<LinearTerm<Ops>, N>& terms, int)
    -> decltype(ops.linears(x, terms)) {
  return ops.linears(x, terms);
}
template <class Ops, std::size_t N>
std::array<typename Ops::Tensor, N> linears(Ops& ops, const typename Ops::Tensor& x,
                                            const std::array<LinearTerm<Ops>, N>& terms, long) {
  std::array<typename Ops::Tensor, N> results;
  for (std::size_t i = 0; i < N; ++i) results[i] = ops.linear(x, *terms[i].weight, terms[i].epilogue);
  return results;
}
}  // namespace detail

/// `linear` of the same x for each term: at once where the policy can, else one after the other.
template <class Ops, std::size_t N>
std::array<typename Ops::Tensor, N> linears(Ops& ops, const typename Ops::Tensor& x,
                                            const std::array<LinearTerm<Ops>, N>& terms) {
  return detail::linears(ops, x, terms, 0);
}

/// The last `count` rows of x: x itself where these are all.
template <class Ops>
typename Ops::Tensor last_rows(Ops& ops, const typename Ops::Tensor& x, Index count) {
  return count == x.rows() ? x : ops.slice_rows(x, x.rows() - count, count);
}

namespace detail {
template <class Matrix>
auto is_integer(const Matrix& weight, int) -> decltype(weight.is_integer()) {
  return weight.is_integer();
}
template <class Matrix>
bool is_integer(const Matrix&, long) {
  return false;
}

template <class Ops, class = bool>
inline constexpr bool kReadsHalves = false;
template <class Ops>
inline constexpr bool kReadsHalves<Ops, std::remove_const_t<decltype(Ops::kReadsHalves)>> = Ops::kReadsHalves;
}  // namespace detail

/// Which keys a query of `attention` sees.
enum class AttentionMask {
  kNone,    ///< all
  kCausal,  ///< query i of n sees keys 0 to (num_keys - n + i)
};

/// Where the heads of several rows stand: element i of head h of row r at h * head_stride + r * row_stride + i.
struct HeadPlaces {
  Index row_stride, head_stride;
};

/// Keys and values of one layer of a cache, and where they stand.
template <class T>
struct CachedRows {
  const T* keys;
  const T* values;
  Index num_heads;  ///< of keys and values
  HeadPlaces places;
  const float* key_bias = nullptr;  ///< of `attention`, by row; null: none
};

SHARPEYE_NAMESPACE_END
