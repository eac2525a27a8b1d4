// Attentive probes: gradients, that they find where the answer is, and what they refuse.

#include "sharpeye/training/attentive_probe.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "gradient_check.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/training/attentive_probe_stage.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

constexpr int kShades = 4;

// "LR": the left half has shade L, the right one R.
Image halves(const std::string& name) {
  Image image(28, 28);
  for (Index y = 0; y < 28; ++y) {
    for (Index x = 0; x < 3 * 28; ++x) {
      const char shade = name[x < 42 ? 0 : 1];
      image.row(y)[x] = static_cast<std::uint8_t>((shade - '0') * 70 + 20);
    }
  }
  return image;
}

// Two things, the halves: which shade (one kind of answer), and of the left one alone whether it is dark (the other).
ProbedImage asked(int left, int right) {
  return {std::to_string(10 * left + right + 100).substr(1), {{0, {left, left == 0 ? 1 : 0}}, {1, {right, -1}}}};
}

AttentiveProbeOptions options_in(const std::string& folder) {
  AttentiveProbeOptions options;
  options.model = test::fixture("models/mmser_self_attention_tiny");
  for (int left = 0; left < kShades; ++left) {
    for (int right = 0; right < kShades; ++right) {
      (left == 1 && right == 2 ? options.test_images : options.images).push_back(asked(left, right));
    }
  }
  options.num_subjects = 2;
  options.num_answers = {kShades, 2};
  options.layers = {2, 4};
  options.trainer.output = folder;
  options.trainer.optimization.steps = 160;
  options.trainer.optimization.batch_size = 4;
  options.trainer.optimization.learning_rate = 1e-2;
  options.hidden_size = 16;
  options.num_hidden_layers = 1;
  options.load_image = halves;
  return options;
}

}  // namespace

TEST_CASE("an attentive probe's gradients are those of its loss") {
  const FeatureDecoderConfig config{2, 6, 5, 8, 2, 2};
  DeclaringLoader declaring;
  const AttentiveProbe<Counting> declaration(config, 3, {4, 2, 1}, declaring);
  Parameters<double> parameters(initial_source(declaring.declared(), 3));
  const AttentiveProbe<Autodiff<double>> probe(config, 3, {4, 2, 1}, parameters.loader());
  const Matrix<float> a = Matrix<float>::Random(5, 6), b = Matrix<float>::Random(5, 6);
  test::check_gradients(parameters, [&](Autodiff<double>& ops) {
    const auto logits = probe(ops, {ops.constant(a), ops.constant(b)}, {2, 0, 2});
    REQUIRE(logits.size() == 3);
    REQUIRE(logits[0].rows() == 3);
    REQUIRE(logits[0].columns() == 4);
    REQUIRE(logits[2].columns() == 1);  // nothing to learn, and no reason to fail
    return ops.cross_entropy(logits[0], {3, 1, 0}, 1) + ops.cross_entropy(logits[1], {-1, 1, 0}, 1);
  });
}

TEST_CASE("it looks where it is asked to, also in an image that it never saw, and goes on where it ended") {
  const test::TemporaryFolder folder;
  AttentiveProbeOptions options = options_in(folder / "a");
  std::vector<double> losses;
  TrainingEvents events;
  events.on_step = [&](const TrainingStep& step) { losses.push_back(step.loss); };
  const ProbeAnswers once = probe_attentively(options, events);
  REQUIRE(once.is_complete);
  CHECK(losses.back() < losses.front() / 10);
  REQUIRE(once.answers.size() == 1);
  REQUIRE(once.answers[0].size() == 2);
  CHECK(once.answers[0][0] == std::vector<std::int32_t>{1, 0});
  CHECK(once.answers[0][1].at(0) == 2);

  options.trainer.output = folder / "b";
  options.threads = 3;
  events.is_cancelled = [&] { return losses.size() == 160 + 25; };
  CHECK(!probe_attentively(options, events).is_complete);
  events.is_cancelled = nullptr;
  CHECK(probe_attentively(options, events).answers == once.answers);
  REQUIRE(losses.size() == 320);
  CHECK(std::equal(losses.begin(), losses.begin() + 160, losses.begin() + 160));
}

TEST_CASE("an attentive probe refuses what it cannot learn from") {
  const test::TemporaryFolder folder;
  const auto refused = [&](auto change, const char* text) {
    AttentiveProbeOptions options = options_in(folder / "a");
    change(options);
    CHECK_THROWS_WITH_AS(probe_attentively(options), text, Error);
  };
  refused(
      [](auto& options) {
        options.layers = {2, 9};
      },
      "layers: expected some of those that the model reads (2, 3, 4), actual 9");
  refused([](auto& options) { options.layers.clear(); }, "layers: expected one or more");
  refused([](auto& options) { options.test_images.clear(); },
          "probe: expected images to learn from and to test with, actual 15 and 0");
  refused([](auto& options) { options.hidden_size = 15; }, "hidden_size: expected a multiple of 4 (heads), actual 15");
  refused([](auto& options) { options.images[0].things[1].subject = 2; }, "00: subject: expected 0 to 1, actual 2");
  refused(
      [](auto& options) {
        options.images[0].things[1].answers = {4, 0};
      },
      "00: answer: expected less than 4, actual 4");
  refused([](auto& options) { options.test_images[0].things[0].answers = {0}; }, "12: answers: expected 2, actual 1");
  refused([](auto& options) { options.num_answers[1] = 0; },
          "num_answers: expected one or more of each kind, actual 0");
  refused([](auto& options) { options.images[2].things.clear(); }, "02: expected things, actual none");
}
