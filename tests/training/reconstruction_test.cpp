// Painting images again from features: the decoder's gradients, and that it learns.

#include "sharpeye/training/reconstruction_stage.hpp"

#include <doctest/doctest.h>

#include "gradient_check.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/training/pixel_decoder.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

// Two colours, which are the mean of nothing: left and right.
Image halves(unsigned seed) {
  Image image(40, 30);
  for (Index y = 0; y < 30; ++y) {
    for (Index x = 0; x < 3 * 40; ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>((seed * 37 + static_cast<unsigned>(x) / 60 * 101 + x % 3 * 50) % 256);
    }
  }
  return image;
}

ReconstructionOptions options_in(const std::string& folder) {
  ReconstructionOptions options;
  options.model = test::fixture("models/mmser_self_attention_tiny");
  for (int i = 0; i < 6; ++i) options.images.push_back(std::to_string(i));
  options.test_images = {"1", "4"};
  options.layers = {2, 4};
  options.trainer.output = folder;
  options.trainer.optimization.steps = 240;
  options.trainer.optimization.batch_size = 3;
  options.trainer.optimization.learning_rate = 1e-2;
  options.hidden_size = 16;
  options.num_hidden_layers = 1;
  options.num_pictures = 1;
  options.load_image = [](const std::string& name) { return halves(static_cast<unsigned>(std::stoi(name))); };
  return options;
}

}  // namespace

TEST_CASE("a pixel decoder's gradients are those of its loss") {
  const FeatureDecoderConfig config{2, 6, 5, 8, 2, 2};
  DeclaringLoader declaring;
  const PixelDecoder<Counting> declaration(config, 12, declaring);
  Parameters<double> parameters(initial_source(declaring.declared(), 3));
  const PixelDecoder<Autodiff<double>> decoder(config, 12, parameters.loader());
  const Matrix<float> a = Matrix<float>::Random(5, 6), b = Matrix<float>::Random(5, 6);
  test::check_gradients(parameters, [&](Autodiff<double>& ops) {
    const auto painted = decoder(ops, {ops.constant(a), ops.constant(b)});
    REQUIRE(painted.rows() == 5);
    REQUIRE(painted.columns() == 12);
    const std::vector<double> along = test::direction(60);
    ops.seed(painted, along.data());
    double loss = 0;
    for (std::size_t i = 0; i < along.size(); ++i) loss += along[i] * painted.data()[i];
    return loss;
  });
}

TEST_CASE("it learns to paint what it has seen, the same for any number of threads, and goes on where it ended") {
  const test::TemporaryFolder folder;
  ReconstructionOptions options = options_in(folder / "a");
  std::vector<double> losses;
  TrainingEvents events;
  events.on_step = [&](const TrainingStep& step) { losses.push_back(step.loss); };
  const Reconstruction once = reconstruct(options, events);
  REQUIRE(once.is_complete);
  CHECK(losses.size() == 240);
  CHECK(losses.back() < losses.front() / 4);
  CHECK(once.mean_squared_error < once.mean_image_error / 2);
  CHECK(once.psnr > 10);
  REQUIRE(once.pictures.size() == 1);
  CHECK(once.pictures[0].width() == 28);

  options.trainer.output = folder / "b";
  options.threads = 3;
  events.is_cancelled = [&] { return losses.size() == 240 + 25; };
  CHECK(!reconstruct(options, events).is_complete);
  events.is_cancelled = nullptr;
  const Reconstruction again = reconstruct(options, events);
  CHECK(losses.size() == 480);
  CHECK(again.mean_squared_error == once.mean_squared_error);
  CHECK(again.pictures[0].pixels() == once.pictures[0].pixels());
}

TEST_CASE("layers that are not there are refused") {
  const test::TemporaryFolder folder;
  ReconstructionOptions options = options_in(folder / "a");
  options.layers = {2, 9};
  CHECK_THROWS_WITH_AS(reconstruct(options), "layers: expected 0 to 4, actual 9", Error);
  options.layers.clear();
  CHECK_THROWS_WITH_AS(reconstruct(options), "layers: expected one or more", Error);
  options.images.clear();
  CHECK_THROWS_AS(reconstruct(options), Error);
}
