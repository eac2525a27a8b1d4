#include "sharpeye/training/linear_probe.hpp"
#include "sharpeye/core/error.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "sharpeye/core/random.hpp"

using namespace sharpeye;
using training::LinearProbe;

namespace {

// Examples whose class can be read from the features by a linear rule, among as many that say nothing about it.
struct Examples {
  Examples(Index count, std::uint64_t seed, bool is_told = true) : features(count, 2 * kClasses) {
    Random mixing(1), random(seed);
    Matrix<double> mix(2 * kClasses, 2 * kClasses);
    for (double& value : mix.reshaped()) value = mixing.normal();
    Eigen::RowVectorXd latent(2 * kClasses);
    for (Index i = 0; i < count; ++i) {
      classes.push_back(static_cast<Index>(random.below(kClasses)));
      for (double& value : latent) value = random.normal();
      if (is_told) {
        for (Index c = 0; c < kClasses; ++c) latent(c) = c == classes.back() ? 1 : 0;
      }
      features.row(i) = ((latent * mix).array() + 3).cast<float>();
    }
  }
  double accuracy(const training::LinearClassifier& classifier) const {
    const std::vector<Index> said = classifier.classify(features);
    double right = 0;
    for (std::size_t i = 0; i < said.size(); ++i) right += said[i] == classes[i] ? 1 : 0;
    return right / static_cast<double>(said.size());
  }

  static constexpr Index kClasses = 5;
  Matrix<float> features;
  std::vector<Index> classes;
};

}  // namespace

TEST_CASE("a linear rule is found exactly, on examples that were not fitted") {
  const Examples fitted(200, 2), others(300, 3);
  const auto classifier = LinearProbe(fitted.features, 1e-9).fit(fitted.classes, Examples::kClasses);
  CHECK(others.accuracy(classifier) == 1);
  const Matrix<double> scores = classifier.scores(others.features);
  for (Index i = 0; i < scores.rows(); ++i) {
    for (Index c = 0; c < scores.cols(); ++c) {
      CHECK(scores(i, c) == doctest::Approx(c == others.classes[static_cast<std::size_t>(i)] ? 1 : 0).epsilon(1e-3));
    }
  }
}

TEST_CASE("noise tells nothing: one of five is right by chance") {
  const Examples fitted(2000, 4, false), others(4000, 5, false);
  const auto classifier = LinearProbe(fitted.features).fit(fitted.classes, Examples::kClasses);
  CHECK(std::abs(others.accuracy(classifier) - 0.2) < 0.02);  // three deviations
}

TEST_CASE("the weights solve the normal equations") {
  // One feature, z = (-1, -1, 1, 1): w = ridge regression of (1, 1, 0, 0) less its mean, which is -0.5 / (1 + ridge).
  Matrix<float> features(4, 1);
  features << 2, 2, 6, 6;
  const auto scores = LinearProbe(features, 0.25).fit({0, 0, 1, 1}, 2).scores(features);
  CHECK(scores(0, 0) == doctest::Approx(0.5 + 0.5 / 1.25));
  CHECK(scores(3, 0) == doctest::Approx(0.5 - 0.5 / 1.25));
  CHECK(scores(3, 1) == doctest::Approx(0.5 + 0.5 / 1.25));
}

TEST_CASE("scale, shift and constant features do not matter, nor does an unseen class") {
  const Examples fitted(100, 6), others(50, 7);
  const auto change = [](const Matrix<float>& features) {
    Matrix<float> changed(features.rows(), features.cols() + 2);
    changed << features * 1000, Matrix<float>::Constant(features.rows(), 1, 0.1F),
        Matrix<float>::Zero(features.rows(), 1);
    changed.col(1).array() -= 500;
    return changed;
  };
  const auto plain = LinearProbe(fitted.features).fit(fitted.classes, Examples::kClasses);
  const auto changed = LinearProbe(change(fitted.features)).fit(fitted.classes, Examples::kClasses + 1);
  const Matrix<double> expected = plain.scores(others.features), actual = changed.scores(change(others.features));
  CHECK((actual.leftCols(Examples::kClasses) - expected).cwiseAbs().maxCoeff() < 1e-3);
  CHECK(actual.col(Examples::kClasses).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(plain.classify(others.features) == changed.classify(change(others.features)));
}

TEST_CASE("a probe refuses what it cannot fit") {
  const Examples examples(10, 8);
  CHECK_THROWS_AS(LinearProbe(Matrix<float>(0, 3)), Error);
  CHECK_THROWS_AS(LinearProbe(examples.features, 0), Error);
  Matrix<float> broken = examples.features;
  broken(3, 2) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS((LinearProbe(broken)), Error);
  const LinearProbe probe(examples.features);
  CHECK_THROWS_AS(probe.fit({0, 1}, 2), Error);
  CHECK_THROWS_AS(probe.fit(examples.classes, 2), Error);
  CHECK_THROWS_AS(probe.fit(examples.classes, Examples::kClasses).classify(Matrix<float>(1, 3)), Error);
}
