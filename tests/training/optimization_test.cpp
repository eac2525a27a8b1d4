#include "sharpeye/training/optimization.hpp"

#include <doctest/doctest.h>

#include <Eigen/SVD>
#include <atomic>
#include <stdexcept>

#include "sharpeye/core/random.hpp"
#include "sharpeye/training/contrastive.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "support/paths.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

std::shared_ptr<MemorySource> two_tensors() {
  auto source = std::make_shared<MemorySource>();
  source->add("a.weight", {2, 2}, {1, -2, 3, 0.5f});
  source->add("b.bias", {2}, {0.25f, -1});
  return source;
}

void bind(Parameters<double>& parameters) {
  parameters.loader().get("a.weight", {2, 2});
  parameters.loader().get("b.bias", {2});
  parameters.train({""});
}

Matrix<double> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  Random random(seed);
  Matrix<double> x(rows, columns);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = random.normal();
  return x;
}

}  // namespace

TEST_CASE("AdamW: two steps by hand; vectors do not decay") {
  ThreadPool pool(1);
  Parameters<double> parameters(two_tensors());
  bind(parameters);
  AdamWConfig config;
  config.weight_decay = 0.1;
  AdamW<double> adamw(parameters, config);
  const FlatValues<double> gradient{0.5, -1, 0, 2, 4, -0.25};
  std::vector<double> w{1, -2, 3, 0.5, 0.25, -1}, m(6), v(6);
  for (int t = 1; t <= 2; ++t) {
    adamw.step(pool, parameters, gradient, 0.01);
    for (std::size_t i = 0; i < 6; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * gradient[i];
      v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
      const double step = m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      w[i] = w[i] * (i < 4 ? 1 - 0.01 * 0.1 : 1) - 0.01 * step;
      const double actual = i < 4 ? parameters.find("a.weight").values[i] : parameters.find("b.bias").values[i - 4];
      CHECK(actual == doctest::Approx(w[i]).epsilon(1e-12));
    }
  }
}

TEST_CASE("Muon's direction has the gradient's singular vectors, and singular values near 1") {
  for (const auto& [rows, columns] : std::vector<std::pair<Index, Index>>{{24, 24}, {16, 48}, {48, 16}, {2, 5}}) {
    CAPTURE(rows);
    CAPTURE(columns);
    const Matrix<double> gradient = random_matrix(rows, columns, 11);
    Matrix<double> direction = 1e-3 * gradient;  // its length does not matter
    orthogonalize(rows, columns, direction.data());
    const Eigen::JacobiSVD<Matrix<double>> svd(gradient, Eigen::ComputeThinU | Eigen::ComputeThinV);
    const Matrix<double> core = svd.matrixU().transpose() * direction * svd.matrixV();
    const Index rank = std::min(rows, columns);
    for (Index i = 0; i < rank; ++i) {
      const double share = svd.singularValues()[i] / svd.singularValues().norm();
      if (share > 5e-3) CHECK(core(i, i) > 0.65);  // far smaller ones need more steps
      CHECK(core(i, i) < 1.25);
    }
    CHECK((core - Matrix<double>(core.diagonal().asDiagonal())).norm() < 1e-9);
    CHECK((direction - svd.matrixU() * core * svd.matrixV().transpose()).norm() < 1e-9);  // and nothing else
  }
  Matrix<double> zeros = Matrix<double>::Zero(3, 4);
  orthogonalize<double>(3, 4, zeros.data());
  CHECK(zeros.isZero(0));
}

TEST_CASE("Muon: two steps by hand; tables, patches and vectors remain AdamW's") {
  auto source = std::make_shared<MemorySource>();
  Random random(5);
  const auto add = [&](const char* name, const std::vector<Index>& shape) {
    Index size = 1;
    for (const Index extent : shape) size *= extent;
    std::vector<float> values(static_cast<std::size_t>(size));
    for (float& value : values) value = static_cast<float>(random.normal());
    source->add(name, shape, values);
  };
  const std::vector<std::pair<const char*, std::vector<Index>>> tensors{{"fc1.weight", {4, 3}},
                                                                        {"embed_tokens.weight", {4, 3}},
                                                                        {"patch_embedding.weight", {4, 3, 2, 2}},
                                                                        {"fc1.bias", {4}}};
  for (const auto& [name, shape] : tensors) add(name, shape);
  Parameters<double> with(source), without(source);
  for (Parameters<double>* parameters : {&with, &without}) {
    for (const auto& [name, shape] : tensors) parameters->loader().get(name, shape);
    parameters->train({""});
  }
  AdamWConfig plain, muon;
  plain.weight_decay = muon.weight_decay = 0.1;
  muon.muon = true;
  AdamW<double> adamw(without, plain), both(with, muon);
  FlatValues<double> gradient(static_cast<std::size_t>(with.num_trained()));
  std::vector<double> w = with.find("fc1.weight").values, m(12, 0);
  ThreadPool pool(2);
  for (int t = 1; t <= 2; ++t) {
    for (double& g : gradient) g = random.normal();
    adamw.step(pool, without, gradient, 0.01);
    both.step(pool, with, gradient, 0.01);
    std::vector<double> direction(12);
    for (std::size_t i = 0; i < 12; ++i) {
      m[i] = 0.95 * m[i] + gradient[i];
      direction[i] = gradient[i] + 0.95 * m[i];
    }
    orthogonalize(4, 3, direction.data());
    for (std::size_t i = 0; i < 12; ++i) {
      w[i] = w[i] * (1 - 0.01 * 0.1) - 0.01 * 0.2 * 2 * direction[i];  // 2: the root of the longer side
      CHECK(with.find("fc1.weight").values[i] == doctest::Approx(w[i]).epsilon(1e-12));
    }
  }
  for (const auto& [name, shape] : tensors) {
    CAPTURE(name);
    CHECK((with.find(name).values == without.find(name).values) == (std::string(name) != "fc1.weight"));
  }
}

TEST_CASE("the learning rate warms up in a line and comes down in a cosine") {
  CHECK(learning_rate_factor(0, 10, 110) == 0);
  CHECK(learning_rate_factor(5, 10, 110) == doctest::Approx(0.5));
  CHECK(learning_rate_factor(10, 10, 110) == doctest::Approx(1));
  CHECK(learning_rate_factor(60, 10, 110) == doctest::Approx(0.5));
  CHECK(learning_rate_factor(110, 10, 110) == doctest::Approx(0));
}

TEST_CASE("clip_norm: longer gradients come down to the norm, shorter ones stay") {
  FlatValues<double> gradient{3, 4};
  CHECK(clip_norm(gradient, 10) == doctest::Approx(5));
  CHECK(gradient == FlatValues<double>{3, 4});
  CHECK(clip_norm(gradient, 1) == doctest::Approx(5));
  CHECK(gradient[0] == doctest::Approx(0.6).epsilon(1e-6));
}

TEST_CASE("a run that was saved and loaded goes on with the same bits; another run is refused by name") {
  const test::TemporaryFolder folder;
  ThreadPool pool(1);
  OptimizationConfig config;
  config.steps = 10;
  const auto run = [&](Optimization<double>& optimization, int steps) {
    for (int i = 0; i < steps; ++i) {
      FlatValues<double> gradient{0.1, -1, 0.3, 2, 4, static_cast<double>(optimization.step())};
      optimization.apply(gradient);
    }
  };
  Parameters<double> whole(two_tensors()), first(two_tensors()), second(two_tensors());
  for (auto* parameters : {&whole, &first, &second}) bind(*parameters);
  Optimization<double> uninterrupted(whole, config, pool), before(first, config, pool), after(second, config, pool);
  run(uninterrupted, 10);
  run(before, 4);
  before.save(folder / "state", {{"seed", "1"}});
  CHECK_THROWS_WITH_AS(after.load(folder / "state", {{"seed", "2"}}),
                       doctest::Contains("seed: expected 2, the interrupted run had 1"), Error);
  after.load(folder / "state", {{"seed", "1"}});
  CHECK(after.step() == 4);
  run(after, 6);
  CHECK(after.is_done());
  for (const char* name : {"a.weight", "b.bias"}) CHECK(whole.find(name).values == second.find(name).values);
  FlatValues<double> bad(6, std::nan(""));
  CHECK_THROWS_WITH_AS(after.apply(bad), doctest::Contains("finite gradient"), Error);
}

TEST_CASE("shards: the same sum for any number of threads, and zero afterwards") {
  Parameters<double> parameters(two_tensors());
  bind(parameters);
  FlatValues<double> sums[2];
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    GradientShards<double> shards(parameters.num_trained());
    GradientShards<double>::for_each_sample(pool, 11, [&](Index i) {
      Random random(static_cast<std::uint64_t>(i));
      for (double& value : shards.of_sample(i)) value += random.normal();
    });
    sums[threads / 2] = shards.sum(pool);
    for (const double value : shards.sum(pool)) CHECK(value == 0);
  }
  CHECK(sums[0] == sums[1]);
}

TEST_CASE("an error in a sample ends its shard and comes out when the others are done") {
  ThreadPool pool(2);
  std::atomic<int> done{0};
  CHECK_THROWS_WITH_AS(GradientShards<float>::for_each_sample(pool, 12,
                                                              [&](Index i) {
                                                                if (i == 5) throw std::runtime_error("sample 5");
                                                                ++done;
                                                              }),
                       "sample 5", std::runtime_error);
  CHECK(done == 10);  // 5 and 9 are of one shard
}

TEST_CASE("contrastive loss: gradients against differences, equal captions are equally right") {
  const Matrix<double> images = random_matrix(6, 5, 1), texts = random_matrix(6, 5, 2);
  const std::vector<Index> caption_of{0, 1, 2, 1, 3, 4};
  const double scale = 0.7, step = 1e-6;
  const auto loss = [&](const Matrix<double>& x, const Matrix<double>& y, double s) {
    return contrastive_loss<double>(x, y, s, caption_of).loss;
  };
  const auto result = contrastive_loss<double>(images, texts, scale, caption_of);
  for (Index i = 0; i < images.size(); ++i) {
    Matrix<double> up = images, down = images;
    up.data()[i] += step;
    down.data()[i] -= step;
    CHECK(result.images.data()[i] ==
          doctest::Approx((loss(up, texts, scale) - loss(down, texts, scale)) / (2 * step)).epsilon(1e-5));
    up = texts;
    down = texts;
    up.data()[i] += step;
    down.data()[i] -= step;
    CHECK(result.texts.data()[i] ==
          doctest::Approx((loss(images, up, scale) - loss(images, down, scale)) / (2 * step)).epsilon(1e-5));
  }
  CHECK(result.logit_scale ==
        doctest::Approx((loss(images, texts, scale + step) - loss(images, texts, scale - step)) / (2 * step))
            .epsilon(1e-6));

  // Two images of one caption: nothing can be better than half for each.
  const Matrix<double> same = Matrix<double>::Ones(2, 3);
  const auto equal = contrastive_loss<double>(same, same, 1, {0, 0});
  CHECK(equal.loss == doctest::Approx(std::log(2.0)));
  CHECK(equal.images.norm() == doctest::Approx(0));
  CHECK(equal.accuracy == 1);
}
