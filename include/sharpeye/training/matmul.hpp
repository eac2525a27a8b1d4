#pragma once

/// @file
/// The three products of training, y = x W^T, dx = dy W and dW += dy^T x, and those of attention, on one thread: a
/// sample has a thread of its own (see gradient_shards.hpp). In float on the library's kernels, in double by Eigen.

#include <algorithm>
#include <type_traits>
#include <vector>

#include "sharpeye/core/arena.hpp"
#include "sharpeye/core/tensor.hpp"
#include "sharpeye/simd/kernels.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A matrix factor where it stands: row-major with `stride` elements between rows, or the transpose of what stands
/// there.
template <class S>
struct Factor {
  const S* data;
  Index stride;
  bool transposed = false;
};

/// A right factor [k, n], copied in the kernels' form (float) or simply copied (double).
template <class S>
class PackedFactor {
 public:
  /// @param b [k, n]
  void pack(const Factor<S>& b, Index n, Index k) {
    n_ = n;
    k_ = k;
    elements_.resize(static_cast<std::size_t>(size(n, k)));
    pack(b, n, k, elements_.data());
  }

  Index n() const { return n_; }
  Index k() const { return k_; }
  const S* data() const { return elements_.data(); }

  static Index size(Index n, Index k) { return simd::round_up(n, simd::kNR) * k; }

  /// Panels of simd::kNR columns, see simd::PackedWeights.
  static void pack(const Factor<S>& b, Index n, Index k, S* packed) {
    for (Index column = 0; column < n; column += simd::kNR) {
      const Index columns = std::min(simd::kNR, n - column);
      S* panel = packed + column * k;
      if (columns < simd::kNR) std::fill_n(panel, simd::kNR * k, S{0});
      if (b.transposed) {
        for (Index j = 0; j < columns; ++j) {
          const S* source = b.data + (column + j) * b.stride;
          for (Index i = 0; i < k; ++i) panel[i * simd::kNR + j] = source[i];
        }
      } else if (columns == simd::kNR) {
        for (Index i = 0; i < k; ++i) std::copy_n(b.data + i * b.stride + column, simd::kNR, panel + i * simd::kNR);
      } else {
        for (Index i = 0; i < k; ++i) std::copy_n(b.data + i * b.stride + column, columns, panel + i * simd::kNR);
      }
    }
  }

 private:
  std::vector<S> elements_;
  Index n_ = 0, k_ = 0;
};

/// C[m, n] = A[m, k] B[k, n] with `packed` from PackedFactor, or C += A B.
template <class S>
void matmul_packed(Arena& arena, Index m, Index n, Index k, const Factor<S>& a, const S* packed, S* c, Index ldc,
                   bool accumulate) {
  if (m == 0 || n == 0) return;
  if constexpr (std::is_same_v<S, float>) {
    const simd::KernelTable& kernel = simd::kernels();
    const ArenaBuffer buffer = arena.acquire(static_cast<std::size_t>(m * k) * sizeof(float));
    auto* packed_a = static_cast<float*>(buffer.data());
    if (a.transposed) {
      kernel.pack_columns(0, m, m, k, a.data, a.stride, packed_a);
    } else {
      kernel.pack_rows(0, m, m, k, a.data, a.stride, packed_a);
    }
    simd::PackedWeights weights;
    weights.data = packed;
    weights.n = n;
    weights.k = k;
    kernel.gemm_block({m, 0, m, 0, weights.panels(), packed_a, weights, c, ldc, {}, accumulate});
  } else {
    Matrix<S> left = a.transposed ? Matrix<S>(view_matrix(a.data, k, m, a.stride).transpose())
                                  : Matrix<S>(view_matrix(a.data, m, k, a.stride));
    for (Index column = 0; column < n; column += simd::kNR) {
      const Index columns = std::min(simd::kNR, n - column);
      const Matrix<S> product = left * view_matrix(packed + column * k, k, simd::kNR, simd::kNR).leftCols(columns);
      Eigen::Map<Matrix<S>, Eigen::Unaligned, Eigen::OuterStride<>> target(c + column, m, columns,
                                                                           Eigen::OuterStride<>(ldc));
      if (accumulate) {
        target += product;
      } else {
        target = product;
      }
    }
  }
}

/// C[m, n] = A[m, k] B[k, n], or C += A B.
template <class S>
void matmul(Arena& arena, Index m, Index n, Index k, const Factor<S>& a, const Factor<S>& b, S* c, Index ldc,
            bool accumulate) {
  const ArenaBuffer packed = arena.acquire(static_cast<std::size_t>(PackedFactor<S>::size(n, k)) * sizeof(S));
  PackedFactor<S>::pack(b, n, k, static_cast<S*>(packed.data()));
  matmul_packed(arena, m, n, k, a, static_cast<const S*>(packed.data()), c, ldc, accumulate);
}

}  // namespace training
SHARPEYE_NAMESPACE_END
