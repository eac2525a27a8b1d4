// When a picture counts as changed.

#include "sharpeye/vision/change_gate.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace sharpeye;

namespace {

/// Grey 100 with a square of grey 220 at (x, y), and noise of a standard deviation.
Image picture(Index width, Index height, Index x, Index y, Index side, double noise, unsigned seed) {
  Image image(width, height);
  std::mt19937 random(seed);
  std::normal_distribution<double> levels(0, noise > 0 ? noise : 1);
  for (Index row = 0; row < height; ++row) {
    for (Index i = 0; i < 3 * width; ++i) {
      const bool is_inside = row >= y && row < y + side && i / 3 >= x && i / 3 < x + side;
      const double level = (is_inside ? 220 : 100) + (noise > 0 ? levels(random) : 0);
      image.row(row)[i] = static_cast<std::uint8_t>(std::min(255.0, std::max(0.0, level)));
    }
  }
  return image;
}

}  // namespace

TEST_CASE("noise does not pass the gate, a thing that moves or comes does") {
  for (const auto& [width, height] : {std::pair<Index, Index>{64, 64}, {640, 480}, {1920, 1080}, {641, 479}}) {
    CAPTURE(width);
    const Index side = width / 6;
    ChangeGate gate;
    CHECK(gate.passes(picture(width, height, 10, 10, side, 0, 1)));
    for (unsigned seed = 1; seed <= 8; ++seed) CHECK(!gate.passes(picture(width, height, 10, 10, side, 10, seed)));
    CHECK(gate.difference(picture(width, height, 10, 10, side, 0, 1)) == 0);
    CHECK(gate.passes(picture(width, height, 10 + side, 10, side, 10, 1)));             // by its own width
    CHECK(gate.passes(picture(width, height, 10 + side + side / 2, 10, side, 10, 1)));  // by half of it
    CHECK(!gate.passes(picture(width, height, 10 + side + side / 2, 10, side, 10, 2)));
    CHECK(gate.passes(picture(width, height, width, 10, side, 10, 2)));  // it has gone
  }
}

TEST_CASE("what the gate compares with is the last frame that passed") {
  ChangeGate gate(0.2);  // 51 levels
  const auto grey = [](std::uint8_t level) {
    Image image(16, 16);
    for (Index y = 0; y < 16; ++y) std::fill_n(image.row(y), 48, level);
    return image;
  };
  CHECK(gate.passes(grey(100)));
  for (const int level : {110, 120, 130, 140, 150}) CHECK(!gate.passes(grey(static_cast<std::uint8_t>(level))));
  CHECK(gate.passes(grey(152)));  // slow changes add up
  CHECK(!gate.passes(grey(110)));
  CHECK(gate.passes(grey(100)));
}

TEST_CASE("sizes may change, and may be small; wrong thresholds and views are refused") {
  ChangeGate gate(0);
  for (const auto& [width, height] : {std::pair<Index, Index>{1, 1}, {3, 200}, {200, 2}, {7, 9}}) {
    ChangeGate fresh;
    const Image image = picture(width, height, 0, 0, 300, 0, 1);
    CHECK(fresh.passes(image));
    CHECK(!fresh.passes(picture(50, 40, 0, 0, 300, 0, 1)));  // the same colour everywhere
  }
  CHECK(gate.passes(picture(9, 9, 0, 0, 3, 0, 1)));
  CHECK(!gate.passes(picture(9, 9, 0, 0, 3, 0, 1)));
  CHECK_THROWS_AS(ChangeGate(-0.1), Error);
  CHECK_THROWS_AS(ChangeGate(1.1), Error);
  CHECK_THROWS_AS(ChangeGate(std::nan("")), Error);
  CHECK_THROWS_AS(gate.passes(ImageView{}), Error);
}
