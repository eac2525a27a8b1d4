#pragma once

/// @file
/// What features tell linearly: a classifier in closed form, to compare the layers of a frozen tower.

#include <Eigen/Cholesky>
#include <cmath>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
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
  Matrix<double> scores(const Matrix<float>& features) const {
    const Index size = weights_.rows() - 1;
    require(features.cols() == size, ErrorCode::kShape, "features: expected ", size, " columns, actual ",
            features.cols());
    Matrix<double> scores = features.cast<double>() * weights_.topRows(size);
    scores.rowwise() += weights_.row(size);
    return scores;
  }

  /// The class of each row, the first of equals. @throws Error kShape
  std::vector<Index> classify(const Matrix<float>& features) const {
    const Matrix<double> values = scores(features);
    std::vector<Index> classes(static_cast<std::size_t>(values.rows()));
    for (Index i = 0; i < values.rows(); ++i) values.row(i).maxCoeff(&classes[static_cast<std::size_t>(i)]);
    return classes;
  }

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
  explicit LinearProbe(const Matrix<float>& features, double ridge = 1e-3) {
    require(features.rows() > 0 && features.cols() > 0, ErrorCode::kInvalidArgument,
            "features: expected examples, actual ", features.rows(), " of ", features.cols(), " values");
    require(ridge > 0 && std::isfinite(ridge), ErrorCode::kInvalidArgument, "ridge: expected a number above 0, actual ",
            ridge);
    require(features.allFinite(), ErrorCode::kInvalidArgument, "features: expected finite numbers");
    const auto count = static_cast<double>(features.rows());
    normalized_ = features.cast<double>();
    mean_ = normalized_.colwise().mean();
    normalized_.rowwise() -= mean_;
    const Row deviation = (normalized_.colwise().squaredNorm() / count).cwiseSqrt();
    // What rounding leaves of a constant is not a feature.
    const auto is_constant = deviation.array() <= 1e-7 * mean_.array().abs();
    scale_ = is_constant.select(0.0, deviation.array().inverse());
    normalized_.array().rowwise() *= scale_.array();
    Matrix<double> gram = Matrix<double>::Zero(features.cols(), features.cols());
    gram.selfadjointView<Eigen::Lower>().rankUpdate(normalized_.transpose(), 1 / count);
    gram.diagonal().array() += ridge;
    factors_.compute(gram);
  }

  /// @param classes of the examples, each in [0, num_classes). @throws Error kInvalidArgument
  LinearClassifier fit(const std::vector<Index>& classes, Index num_classes) const {
    const Index count = normalized_.rows();
    require(static_cast<Index>(classes.size()) == count, ErrorCode::kInvalidArgument, "classes: expected ", count,
            ", actual ", classes.size());
    Matrix<double> targets = Matrix<double>::Zero(count, num_classes);
    for (Index i = 0; i < count; ++i) {
      const Index number = classes[static_cast<std::size_t>(i)];
      require(number >= 0 && number < num_classes, ErrorCode::kInvalidArgument, "classes: expected 0 to ",
              num_classes - 1, ", actual ", number);
      targets(i, number) = 1;
    }
    // Z has mean 0, so that the targets need not.
    const Matrix<double> moments = normalized_.transpose() * targets / static_cast<double>(count);
    Matrix<double> weights(mean_.size() + 1, num_classes);
    weights.topRows(mean_.size()) = scale_.transpose().asDiagonal() * factors_.solve(moments).eval();
    weights.row(mean_.size()) = targets.colwise().mean() - mean_ * weights.topRows(mean_.size());
    return LinearClassifier(std::move(weights));
  }

 private:
  using Row = Eigen::Matrix<double, 1, Eigen::Dynamic>;

  Matrix<double> normalized_;
  Row mean_, scale_;
  Eigen::LDLT<Matrix<double>> factors_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END
