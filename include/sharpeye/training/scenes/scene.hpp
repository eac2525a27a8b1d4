#pragma once

/// @file
/// A scene: what is where, drawn from a seed. It knows neither pixels nor sentences.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "sharpeye/core/types.hpp"
#include "sharpeye/training/scenes/figure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace scenes {

enum class Split { kTrain, kVal, kTest };

/// Scenes are laid out on a square of this side, whatever the size of the picture.
inline constexpr double kCanvas = 64;

/// One thing, or a group of equal ones.
struct Object {
  Shape shape = Shape::kCircle;
  Size size = Size::kMedium;
  Colour colour = Colour::kRed;
  Texture texture = Texture::kPlain;
  Action action = Action::kNone;
  double radius = 0;           ///< of one figure
  double angle = 0;            ///< it is turned by, clockwise, in radians
  bool is_mirrored = false;    ///< left and right exchanged, after the turn
  Point centre;                ///< of the thing or the group
  std::vector<Point> members;  ///< the centre of each figure; one when it is no group

  Index count() const noexcept { return static_cast<Index>(members.size()); }

  /// The radius of a circle about the centre that holds every figure's own.
  double extent() const noexcept {
    double farthest = 0;
    for (const Point& member : members)
      farthest = std::max(farthest, std::hypot(member.x - centre.x, member.y - centre.y));
    return farthest + radius;
  }

  /// What member `i` is at a point of the canvas.
  Zone zone_at(std::size_t i, Point p) const noexcept {
    double x = (p.x - members[i].x) / radius;
    const double y = (p.y - members[i].y) / radius;
    if (x * x + y * y > 1.5) return Zone::kOutside;
    if (is_mirrored) x = -x;
    const double c = std::cos(angle), s = std::sin(angle);
    return scenes::zone_at(shape, action, {c * x + s * y, c * y - s * x});
  }

  /// Moves everything.
  void shift(Point by) noexcept {
    centre = {centre.x + by.x, centre.y + by.y};
    for (Point& member : members) member = {member.x + by.x, member.y + by.y};
  }
};

/// A background and two or three things of different colours; all else follows from their attributes.
struct Scene {
  GroundColour ground_colour = GroundColour::kWhite;
  GroundKind ground_kind = GroundKind::kFlat;
  /// The two that a sentence is about, then perhaps a smaller one. An earlier one hides a later one.
  std::vector<Object> objects;
  Relation relation = Relation::kLeftOf;  ///< of the first to the second
  std::uint64_t paint_seed = 0;           ///< of everything that a caption does not tell
  std::uint64_t caption_seed = 0;         ///< of the captions' wording
};

/// Whether this combination is kept out of training, about one of twenty: it is for measuring what was not learnt by
/// heart. Faces are all plain and always allowed.
inline bool is_held_out(Shape shape, Colour colour, Texture texture) noexcept {
  if (shape == Shape::kFace) return false;
  const auto combination =
      (static_cast<std::uint64_t>(shape) * kColourTerms.size() + static_cast<std::uint64_t>(colour)) *
          kTextureTerms.size() +
      static_cast<std::uint64_t>(texture);
  return Random(277, combination).below(20) == 0;  // the seed spreads them evenly over all attributes
}
inline bool is_held_out(const Object& object) noexcept {
  return is_held_out(object.shape, object.colour, object.texture);
}

/// The relation along the axis on which the two are clearly apart, or nothing when they stand diagonally.
inline std::optional<Relation> axis_relation(Point from, Point to) noexcept {
  constexpr double kClear = 1.5;
  const double dx = from.x - to.x, dy = from.y - to.y;
  if (std::abs(dx) > kClear * std::abs(dy)) return dx < 0 ? Relation::kLeftOf : Relation::kRightOf;
  if (std::abs(dy) > kClear * std::abs(dx)) return dy < 0 ? Relation::kAbove : Relation::kBelow;
  return std::nullopt;
}

/// Which of the first two objects the third is best told by, and its relation to that one.
struct Anchor {
  std::size_t object = 0;
  Relation relation = Relation::kLeftOf;
};

/// The nearer one of those that the third object has a clear relation to; nothing when there is none.
inline std::optional<Anchor> anchor_of_third(const Scene& scene) {
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

/// Where a point is in the picture, or nothing when two answers are near.
inline std::optional<Place> place_of(Point p) noexcept {
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

/// How the first size compares with the second.
inline Comparison compare(Size first, Size second) noexcept {
  return first < second ? Comparison::kSmaller : first > second ? Comparison::kLarger : Comparison::kEqual;
}

/// The share of `object`'s area that `front` hides.
inline double hidden_share(const Object& front, const Object& object) noexcept {
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

}  // namespace scenes

SHARPEYE_NAMESPACE_END
