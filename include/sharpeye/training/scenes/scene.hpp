#pragma once

/// @file
/// A scene: what is where, drawn from a seed. It knows neither pixels nor sentences.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/training/scenes/figure.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

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
  double extent() const noexcept;

  /// What member `i` is at a point of the canvas.
  Zone zone_at(std::size_t i, Point p) const noexcept;

  /// Moves everything.
  void shift(Point by) noexcept;
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
bool is_held_out(Shape shape, Colour colour, Texture texture) noexcept;
bool is_held_out(const Object& object) noexcept;

/// The relation along the axis on which the two are clearly apart, or nothing when they stand diagonally.
std::optional<Relation> axis_relation(Point from, Point to) noexcept;

/// Which of the first two objects the third is best told by, and its relation to that one.
struct Anchor {
  std::size_t object = 0;
  Relation relation = Relation::kLeftOf;
};

/// The nearer one of those that the third object has a clear relation to; nothing when there is none.
std::optional<Anchor> anchor_of_third(const Scene& scene);

/// Where a point is in the picture, or nothing when two answers are near.
std::optional<Place> place_of(Point p) noexcept;

/// How the first size compares with the second.
Comparison compare(Size first, Size second) noexcept;

/// The share of `object`'s area that `front` hides.
double hidden_share(const Object& front, const Object& object) noexcept;

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/scene.inl"
#endif
