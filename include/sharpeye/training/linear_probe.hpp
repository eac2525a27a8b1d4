#pragma once

/// @file
/// Linear probes of features: a classifier in closed form, to compare the layers of a frozen tower.

#include <Eigen/Cholesky>
#include <utility>
#include <vector>

#include "sharpeye/core/tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A linear function of features for each class; the class with the highest value is the answer.
class LinearClassifier {
 public:
  /// @param weights [features + 1, classes], the constants in the last row.
  explicit LinearClassifier(Matrix<double> weights) : weights_(std::move(weights)) {}

  /// The value of each class for each row of `features`, [n, classes]: about the share of training examples that had
  /// this class there. @throws Error kShape
  Matrix<double> scores(const Matrix<float>& features) const;

  /// The class of each row, the first of equals. @throws Error kShape
  std::vector<Index> classify(const Matrix<float>& features) const;

 private:
  Matrix<double> weights_;
};

/// Ridge regression of one-hot classes on features, all classifications of the same examples with one factorization.
///
/// With Z the n examples' features, brought to mean 0 and deviation 1 each, and Y the one-hot classes:
/// W = (Z^T Z / n + ridge I)^-1 Z^T Y / n, and the constants are the classes' shares. A feature that never changes has
/// weight 0. Scaling and shifting features does not change the answers.
class LinearProbe {
 public:
  /// @param features [n, d]. @throws Error kInvalidArgument without examples, unless ridge is above 0, or for features
  /// that are not finite.
  explicit LinearProbe(const Matrix<float>& features, double ridge = 1e-3);

  /// @param classes of the examples, each in [0, num_classes). @throws Error kInvalidArgument
  LinearClassifier fit(const std::vector<Index>& classes, Index num_classes) const;

 private:
  using Row = Eigen::Matrix<double, 1, Eigen::Dynamic>;

  Matrix<double> normalized_;
  Row mean_, scale_;
  Eigen::LDLT<Matrix<double>> factors_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/linear_probe.inl"
#endif
