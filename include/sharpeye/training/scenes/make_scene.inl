#pragma once

/// @file
/// Bodies of make_scene.hpp.

#include "sharpeye/training/scenes/make_scene.hpp"

#include <cmath>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/random.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

namespace detail {

/// Draws the parts of one scene; each function yields a part, or nothing when the draw does not work out.
class SceneMaker {
 public:
  SceneMaker(Random& random, Split split) : random_(random), split_(split) {}

  std::optional<Scene> scene() {
    Scene scene;
    scene.ground_colour = any<GroundColour>(kGroundColourTerms.size());
    scene.ground_kind = any<GroundKind>(kGroundKindTerms.size());
    const bool has_third = random_.uniform() < 0.35;
    const bool has_group = !has_third && random_.uniform() < 0.3;
    scene.relation = has_group ? any<Relation>(4) : relation();
    const bool is_inside = scene.relation == Relation::kInside, is_front = scene.relation == Relation::kInFrontOf;

    Object first = object(has_third ? main_size() : any<Size>(3)),
           second = object(has_third ? main_size() : any<Size>(3));
    if (is_inside) {
      set_size(first, Size::kSmall);
      second.shape = Shape::kRing;
      second.action = Action::kNone;
      set_size(second, Size::kLarge);
    }
    if (is_front && first.size > second.size) std::swap(first, second);  // what is in front must not hide the other
    if (has_group) {
      Object& group = random_.uniform() < 0.5 ? first : second;
      set_size(group, Size::kSmall);
      make_group(group);
    }
    scene.objects = {first, second};
    if (has_third) scene.objects.push_back(object(Size::kSmall));
    if (!is_allowed(scene.objects) || !place_pair(scene)) return std::nullopt;
    if (has_third && !place_third(scene)) return std::nullopt;
    finish(scene);
    return scene;
  }

  std::optional<Scene> lone_thing() {
    Scene scene;
    scene.ground_colour = any<GroundColour>(kGroundColourTerms.size());
    scene.ground_kind = any<GroundKind>(kGroundKindTerms.size());
    Object thing = object(Size::kMedium);
    const bool is_group = random_.uniform() < 0.15;
    set_radius(thing, is_group ? between(5.5, 10) : between(8, 26));
    if (is_group) make_group(thing);
    scene.objects = {thing};
    if (!is_allowed(scene.objects)) return std::nullopt;
    const double low = thing.extent() + 1, high = kCanvas - low;
    scene.objects[0].shift({between(low, high), between(low, high)});
    finish(scene);
    return scene;
  }

 private:
  void finish(Scene& scene) {
    scene.paint_seed = random_.next();
    scene.caption_seed = random_.next();
  }

  template <class Enum>
  Enum any(std::size_t count) {
    return static_cast<Enum>(random_.below(count));
  }
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }

  Relation relation() {
    const double draw = random_.uniform();
    return draw < 0.16 ? Relation::kInFrontOf : draw < 0.22 ? Relation::kInside : any<Relation>(4);
  }
  Size main_size() { return random_.uniform() < 0.5 ? Size::kMedium : Size::kLarge; }

  static constexpr double kRadii[] = {7.0, 10.2, 14.2};

  void set_size(Object& object, Size size) {
    object.size = size;
    object.radius = kRadii[static_cast<int>(size)] * between(0.95, 1.05);
  }

  /// Any radius, and the size that is nearest by ratio.
  static void set_radius(Object& object, double radius) {
    object.radius = radius;
    object.size = radius * radius < kRadii[0] * kRadii[1]   ? Size::kSmall
                  : radius * radius < kRadii[1] * kRadii[2] ? Size::kMedium
                                                            : Size::kLarge;
  }

  Object object(Size size) {
    Object object;
    object.shape = any<Shape>(kShapeTerms.size());
    object.colour = any<Colour>(kColourTerms.size());
    object.texture = any<Texture>(kTextureTerms.size());
    object.members = {{}};
    object.is_mirrored = random_.uniform() < 0.5;
    set_size(object, size);
    const Action first = first_action(object.shape);
    if (first != Action::kNone) object.action = static_cast<Action>(static_cast<int>(first) + any<int>(3));
    if (object.shape == Shape::kFace) object.texture = Texture::kPlain;  // eyes do not show on stripes
    object.angle = angle_of(object.action);
    return object;
  }

  /// Fishes look left, things stand; then a mirror may turn them round.
  double angle_of(Action action) {
    constexpr double kDegree = 3.141592653589793 / 180;
    const double jitter = between(-8, 8) * kDegree;
    switch (action) {
      case Action::kLeaning: return jitter / 2 + 32 * kDegree;
      case Action::kLying: return jitter + 90 * kDegree;
      case Action::kJumping: return jitter + 48 * kDegree;
      case Action::kDiving: return jitter - 48 * kDegree;
      default: return jitter;
    }
  }

  void make_group(Object& object) {
    object.shape = any<Shape>(kPluralTerms.size());
    object.action = Action::kNone;
    object.angle = between(-0.14, 0.14);
    const std::size_t count = 2 + random_.below(3);
    const double start = between(0, 6.283185307179586);
    // Neighbours on a circle stand so far apart that the corners of squares do not touch.
    const double step = 3.141592653589793 / static_cast<double>(count);
    const double circle = object.radius * 1.22 / std::sin(step);
    object.members.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const double angle = start + 2 * step * static_cast<double>(i);
      object.members.push_back({circle * std::cos(angle), circle * std::sin(angle)});
    }
  }

  bool is_allowed(const std::vector<Object>& objects) const {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (split_ == Split::kTrain && is_held_out(objects[i])) return false;
      for (std::size_t j = 0; j < i; ++j)
        if (objects[i].colour == objects[j].colour) return false;
    }
    return true;
  }

  /// Puts the first two as their relation says, and both together anywhere on the canvas.
  bool place_pair(Scene& scene) {
    Object &first = scene.objects[0], &second = scene.objects[1];
    const double reach = first.extent() + second.extent();
    const double aside = between(-0.4, 0.4);
    Point offset;  // of the first from the second
    switch (scene.relation) {
      case Relation::kInside: offset = {between(-1, 1), between(-1, 1)}; break;
      case Relation::kInFrontOf: {
        const double distance = reach - between(0.9, 1.6) * first.radius, angle = between(0, 6.283185307179586);
        offset = {distance * std::cos(angle), distance * std::sin(angle)};
        break;
      }
      default: {
        const double distance = reach + between(0.5, 10);
        const bool is_before = scene.relation == Relation::kLeftOf || scene.relation == Relation::kAbove;
        const bool is_horizontal = scene.relation == Relation::kLeftOf || scene.relation == Relation::kRightOf;
        const double along = is_before ? -distance : distance;
        offset = is_horizontal ? Point{along, aside * distance} : Point{aside * distance, along};
      }
    }
    first.shift(offset);
    if (scene.relation == Relation::kInFrontOf) {
      const double hidden = hidden_share(first, second);
      if (hidden < 0.08 || hidden > 0.33) return false;
    }
    const auto room = [&](double Point::*axis, double& by) {
      const double low = std::min(first.centre.*axis - first.extent(), second.centre.*axis - second.extent());
      const double high = std::max(first.centre.*axis + first.extent(), second.centre.*axis + second.extent());
      if (high - low > kCanvas - 2) return false;
      by = between(1 - low, kCanvas - 1 - high);
      return true;
    };
    Point by;
    if (!room(&Point::x, by.x) || !room(&Point::y, by.y)) return false;
    first.shift(by);
    second.shift(by);
    return true;
  }

  bool place_third(Scene& scene) {
    Object& third = scene.objects[2];
    for (int attempt = 0; attempt < 20; ++attempt) {
      const double low = third.radius + 1, high = kCanvas - low;
      third.shift({between(low, high) - third.centre.x, between(low, high) - third.centre.y});
      bool is_free = true;
      for (std::size_t i = 0; i < 2; ++i) {
        const Object& other = scene.objects[i];
        const double distance = std::hypot(third.centre.x - other.centre.x, third.centre.y - other.centre.y);
        is_free = is_free && distance > third.extent() + other.extent() + 1;
      }
      if (is_free && anchor_of_third(scene)) return true;
    }
    return false;
  }

  Random& random_;
  Split split_;
};

}  // namespace detail

SHARPEYE_BODY Scene make_scene(Split split, std::uint64_t seed, Index index, SceneKind kind) {
  require(index >= 0 && index < (Index{1} << 32), ErrorCode::kInvalidArgument,
          "scene: expected an index in [0, 2^32), actual ", index);
  Random random(seed, 4 * static_cast<std::uint64_t>(index) + static_cast<std::uint64_t>(split));
  for (;;) {  // about half of all draws work out
    detail::SceneMaker maker(random, split);
    if (auto scene = kind == SceneKind::kLone ? maker.lone_thing() : maker.scene()) return *scene;
  }
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
