// Scenes, their pictures and the rules that keep the splits apart.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <map>
#include <set>

#include "sharpeye/training/scenes/make_scene.hpp"
#include "sharpeye/training/scenes/renderer.hpp"

using namespace sharpeye;
using namespace sharpeye::training;
using namespace sharpeye::training::scenes;

namespace {

constexpr Split kSplits[] = {Split::kTrain, Split::kVal, Split::kTest};

// A scene of plain things on flat ground, made by hand.
Scene plain_scene(std::vector<Object> objects) {
  Scene scene;
  scene.ground_colour = GroundColour::kBlack;
  for (Object& object : objects)
    if (object.members.empty()) object.members = {object.centre};
  scene.objects = std::move(objects);
  return scene;
}

Object thing(Shape shape, Colour colour, double radius, Point centre) {
  Object object;
  object.shape = shape;
  object.colour = colour;
  object.radius = radius;
  object.centre = centre;
  return object;
}

// The sum of one channel over a picture.
double light_of(const Image& image, std::size_t channel) {
  double sum = 0;
  for (std::size_t i = channel; i < image.pixels().size(); i += 3) sum += image.pixels()[i];
  return sum;
}

double red_at(const Image& image, Index x, Index y) {
  return image.row(y)[3 * x];
}
double blue_at(const Image& image, Index x, Index y) {
  return image.row(y)[3 * x + 2];
}

}  // namespace

TEST_CASE("a scene depends on split, seed and index only") {
  const Scene later = make_scene(Split::kTrain, 7, 41);
  for (Index index = 0; index < 41; ++index) make_scene(Split::kTrain, 7, index);
  const Scene again = make_scene(Split::kTrain, 7, 41);
  CHECK(render(later).pixels() == render(again).pixels());
  CHECK(render(later).pixels() != render(make_scene(Split::kTrain, 7, 42)).pixels());
  CHECK(render(later).pixels() != render(make_scene(Split::kTrain, 8, 41)).pixels());
  CHECK(render(later).pixels() != render(make_scene(Split::kVal, 7, 41)).pixels());
  CHECK_THROWS_AS(make_scene(Split::kTrain, 0, -1), Error);
  CHECK_THROWS_AS(render(later, 8), Error);
}

TEST_CASE("splits share no scene") {
  std::set<std::uint64_t> seeds;
  for (const Split split : kSplits)
    for (Index index = 0; index < 1000; ++index) seeds.insert(make_scene(split, 0, index).paint_seed);
  CHECK(seeds.size() == 3000);
}

TEST_CASE("one of twenty combinations is held out, and never in training") {
  double count = 0, held_out = 0;
  std::map<std::pair<char, std::size_t>, double> share;  // of each shape's, colour's, texture's combinations
  for (std::size_t shape = 0; shape < kShapeTerms.size(); ++shape) {
    for (std::size_t colour = 0; colour < kColourTerms.size(); ++colour) {
      for (std::size_t texture = 0; texture < kTextureTerms.size(); ++texture) {
        ++count;
        if (!is_held_out(Shape(shape), Colour(colour), Texture(texture))) continue;
        ++held_out;
        share[{'s', shape}] += 1.0 / (8 * 4);
        share[{'c', colour}] += 1.0 / (12 * 4);
        share[{'t', texture}] += 1.0 / (12 * 8);
      }
    }
  }
  CHECK(held_out / count > 0.035);
  CHECK(held_out / count < 0.065);
  for (const auto& entry : share) CHECK(entry.second < 0.16);

  for (const Split split : kSplits) {
    double objects = 0, unseen = 0;
    for (Index index = 0; index < 2000; ++index) {
      for (const Object& object : make_scene(split, 3, index).objects) {
        ++objects;
        unseen += is_held_out(object);
      }
    }
    if (split == Split::kTrain) CHECK(unseen == 0);
    if (split != Split::kTrain) CHECK(unseen / objects > 0.02);
  }
}

TEST_CASE("relations agree with positions, things stay inside and apart") {
  std::map<Relation, int> relations;
  std::map<Index, int> counts;
  for (Index index = 0; index < 2000; ++index) {
    const Scene scene = make_scene(Split::kTest, 11, index);
    REQUIRE((scene.objects.size() == 2 || scene.objects.size() == 3));
    const Object &a = scene.objects[0], &b = scene.objects[1];
    const double dx = a.centre.x - b.centre.x, dy = a.centre.y - b.centre.y, distance = std::hypot(dx, dy);
    ++relations[scene.relation];
    switch (scene.relation) {
      case Relation::kLeftOf: CHECK(-dx > 1.5 * std::abs(dy)); break;
      case Relation::kRightOf: CHECK(dx > 1.5 * std::abs(dy)); break;
      case Relation::kAbove: CHECK(-dy > 1.5 * std::abs(dx)); break;
      case Relation::kBelow: CHECK(dy > 1.5 * std::abs(dx)); break;
      case Relation::kInFrontOf:
        CHECK(hidden_share(a, b) > 0.05);
        CHECK(hidden_share(a, b) < 0.4);
        CHECK(a.size <= b.size);
        break;
      case Relation::kInside:
        CHECK(b.shape == Shape::kRing);
        CHECK(distance + a.radius < b.radius);
        CHECK(hidden_share(a, b) < 0.1);
        break;
      default: FAIL("an inverse relation");
    }
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const Object& object = scene.objects[i];
      ++counts[object.count()];
      CHECK(object.centre.x - object.extent() >= 0.999);
      CHECK(object.centre.x + object.extent() <= kCanvas - 0.999);
      CHECK(object.centre.y - object.extent() >= 0.999);
      CHECK(object.centre.y + object.extent() <= kCanvas - 0.999);
      CHECK((object.action == Action::kNone) == (first_action(object.shape) == Action::kNone));
      for (std::size_t j = 0; j < i; ++j) {
        const Object& other = scene.objects[j];
        CHECK(object.colour != other.colour);
        if (i == 1 && scene.relation > Relation::kBelow) continue;
        CHECK(std::hypot(object.centre.x - other.centre.x, object.centre.y - other.centre.y) >
              object.extent() + other.extent());
      }
    }
    if (scene.objects.size() > 2) CHECK(anchor_of_third(scene).has_value());
  }
  CHECK(relations.size() == 6);
  CHECK(counts.size() == 4);
  for (const auto& entry : relations) CHECK_MESSAGE(entry.second > 60, static_cast<int>(entry.first));
}

TEST_CASE("a circle has its area, with soft edges") {
  const double kPi = 3.141592653589793;
  for (const double radius : {6.3, 13.7}) {
    for (const Index size : {64, 128}) {
      const Image with = render(plain_scene({thing(Shape::kCircle, Colour::kRed, radius, {30.3, 33.8})}), size);
      const Image without = render(plain_scene({}), size);
      const double pixels = kCanvas / static_cast<double>(size);
      const Index x = static_cast<Index>(30 / pixels), y = static_cast<Index>(33 / pixels);
      double full = 0;  // the mean over 5 x 5 pixels, against the noise
      for (Index i = -2; i <= 2; ++i)
        for (Index j = -2; j <= 2; ++j) full += (red_at(with, x + i, y + j) - red_at(without, 2, 2)) / 25;
      const double area = (light_of(with, 0) - light_of(without, 0)) / full * pixels * pixels;
      CHECK(area == doctest::Approx(kPi * radius * radius).epsilon(0.06));
      Index soft = 0;
      for (Index row = 0; row < size; ++row)
        for (Index column = 0; column < size; ++column)
          soft += red_at(with, column, row) > 60 && red_at(with, column, row) < 180;
      CHECK(soft > 2 * radius);  // an edge of about 6 radii crosses as many pixels
    }
  }
}

TEST_CASE("an earlier thing hides a later one") {
  const Object red = thing(Shape::kSquare, Colour::kRed, 12, {26, 32});
  const Object blue = thing(Shape::kSquare, Colour::kBlue, 12, {38, 32});
  const Image red_first = render(plain_scene({red, blue})), blue_first = render(plain_scene({blue, red}));
  CHECK(red_at(red_first, 32, 32) > 180);
  CHECK(blue_at(red_first, 32, 32) < 80);
  CHECK(red_at(blue_first, 32, 32) < 90);
  CHECK(blue_at(blue_first, 32, 32) > 190);
}

TEST_CASE("every shape, texture and action looks different") {
  std::set<std::vector<std::uint8_t>> pictures;
  std::size_t count = 0;
  const auto add = [&](const Object& object) {
    ++count;
    // Two bits of one channel: more than the noise.
    std::vector<std::uint8_t> picture = render(plain_scene({object})).pixels();
    for (std::uint8_t& value : picture) value = value > 96;
    pictures.insert(picture);
  };
  for (std::size_t shape = 0; shape < kShapeTerms.size(); ++shape) {
    Object object = thing(Shape(shape), Colour::kPink, 10, {32, 32});
    object.action = first_action(object.shape);
    for (const Texture texture : {Texture::kPlain, Texture::kStriped, Texture::kDotted, Texture::kCheckered}) {
      object.texture = texture;
      add(object);
    }
  }
  Object face = thing(Shape::kFace, Colour::kPink, 6, {32, 32});
  for (const Action mood : {Action::kSmiling, Action::kFrowning, Action::kSleeping}) {
    face.action = mood;
    add(face);
  }
  CHECK(pictures.size() == count);
}
