#pragma once

/// @file
/// Bodies of linear_probe.hpp.

#include "sharpeye/training/linear_probe.hpp"

#include <cmath>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY Matrix<double> LinearClassifier::scores(const Matrix<float>& features) const {
  const Index size = weights_.rows() - 1;
  require(features.cols() == size, ErrorCode::kShape, "features: expected ", size, " columns, actual ",
          features.cols());
  Matrix<double> scores = features.cast<double>() * weights_.topRows(size);
  scores.rowwise() += weights_.row(size);
  return scores;
}

SHARPEYE_BODY std::vector<Index> LinearClassifier::classify(const Matrix<float>& features) const {
  const Matrix<double> values = scores(features);
  std::vector<Index> classes(static_cast<std::size_t>(values.rows()));
  for (Index i = 0; i < values.rows(); ++i) values.row(i).maxCoeff(&classes[static_cast<std::size_t>(i)]);
  return classes;
}

SHARPEYE_BODY LinearProbe::LinearProbe(const Matrix<float>& features, double ridge) {
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

SHARPEYE_BODY LinearClassifier LinearProbe::fit(const std::vector<Index>& classes, Index num_classes) const {
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

}  // namespace training
SHARPEYE_NAMESPACE_END
