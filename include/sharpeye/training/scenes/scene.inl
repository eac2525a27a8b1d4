#pragma once

/// @file
/// Bodies of scene.hpp.

#include "sharpeye/training/scenes/scene.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sharpeye/core/random.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

SHARPEYE_BODY double Object::extent() const noexcept {
  double farthest = 0;
  for (const Point& member : members)
    farthest = std::max(farthest, std::hypot(member.x - centre.x, member.y - centre.y));
  return farthest + radius;
}

SHARPEYE_BODY Zone Object::zone_at(std::size_t i, Point p) const noexcept {
  double x = (p.x - members[i].x) / radius;
  const double y = (p.y - members[i].y) / radius;
  if (x * x + y * y > 1.5) return Zone::kOutside;
  if (is_mirrored) x = -x;
  const double c = std::cos(angle), s = std::sin(angle);
  return scenes::zone_at(shape, action, {c * x + s * y, c * y - s * x});
}

SHARPEYE_BODY void Object::shift(Point by) noexcept {
  centre = {centre.x + by.x, centre.y + by.y};
  for (Point& member : members) member = {member.x + by.x, member.y + by.y};
}

SHARPEYE_BODY bool is_held_out(Shape shape, Colour colour, Texture texture) noexcept {
  if (shape == Shape::kFace) return false;
  const auto combination =
      (static_cast<std::uint64_t>(shape) * kColourTerms.size() + static_cast<std::uint64_t>(colour)) *
          kTextureTerms.size() +
      static_cast<std::uint64_t>(texture);
  return Random(277, combination).below(20) == 0;  // the seed spreads them evenly over all attributes
}

SHARPEYE_BODY bool is_held_out(const Object& object) noexcept {
  return is_held_out(object.shape, object.colour, object.texture);
}

SHARPEYE_BODY std::optional<Relation> axis_relation(Point from, Point to) noexcept {
  constexpr double kClear = 1.5;
  const double dx = from.x - to.x, dy = from.y - to.y;
  if (std::abs(dx) > kClear * std::abs(dy)) return dx < 0 ? Relation::kLeftOf : Relation::kRightOf;
  if (std::abs(dy) > kClear * std::abs(dx)) return dy < 0 ? Relation::kAbove : Relation::kBelow;
  return std::nullopt;
}

SHARPEYE_BODY std::optional<Anchor> anchor_of_third(const Scene& scene) {
  std::optional<Anchor> best;
  double nearest = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const Point from = scene.objects[2].centre, to = scene.objects[i].centre;
    const auto relation = axis_relation(from, to);
    const double distance = std::hypot(from.x - to.x, from.y - to.y);
    if (!relation || (best && distance >= nearest)) continue;
    best = Anchor{i, *relation};
    nearest = distance;
  }
  return best;
}

SHARPEYE_BODY std::optional<Place> place_of(Point p) noexcept {
  // Distances from the middle line, in sides of the canvas; between the two limits nobody could tell.
  const auto third = [](double offset) -> std::optional<int> {
    const double distance = std::abs(offset / kCanvas - 0.5);
    if (distance <= 0.09) return 1;
    if (distance < 0.14) return std::nullopt;
    return offset < kCanvas / 2 ? 0 : 2;
  };
  const auto column = third(p.x), row = third(p.y);
  if (!column || !row) return std::nullopt;
  return static_cast<Place>(3 * *row + *column);
}

SHARPEYE_BODY Comparison compare(Size first, Size second) noexcept {
  return first < second ? Comparison::kSmaller : first > second ? Comparison::kLarger : Comparison::kEqual;
}

SHARPEYE_BODY double hidden_share(const Object& front, const Object& object) noexcept {
  Index area = 0, hidden = 0;
  const double extent = object.extent() * 1.2;
  for (double y = -extent; y <= extent; ++y) {
    for (double x = -extent; x <= extent; ++x) {
      const Point p{object.centre.x + x, object.centre.y + y};
      if (object.zone_at(0, p) == Zone::kOutside) continue;
      ++area;
      hidden += front.zone_at(0, p) != Zone::kOutside;
    }
  }
  return area == 0 ? 0 : static_cast<double>(hidden) / static_cast<double>(area);
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
