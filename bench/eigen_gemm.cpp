#include "eigen_gemm.hpp"

#include <Eigen/Core>

namespace bench {

void eigen_gemm(long m, long n, long k, long n_begin, long n_end, const float* a, const float* w, float* c) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> x(a, m, k), weights(w + n_begin * k, n_end - n_begin, k);
  Eigen::Map<Matrix>(c, m, n).middleCols(n_begin, n_end - n_begin).noalias() = x * weights.transpose();
}

}  // namespace bench
