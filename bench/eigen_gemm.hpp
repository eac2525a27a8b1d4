#pragma once

/// @file
/// Eigen's product, the peer that is always installed.

namespace bench {

/// c [m, columns of this part] = a [m, k] * (rows [n_begin, n_end) of w [n, k])^T; c has n columns.
void eigen_gemm(long m, long n, long k, long n_begin, long n_end, const float* a, const float* w, float* c);

}  // namespace bench
