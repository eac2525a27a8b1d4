#pragma once

/// @file
/// The outlines of the shapes, as tests of one point. Units: the shape's radius; y points down.

#include "sharpeye/training/scenes/vocabulary.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

/// A point or an offset.
struct Point {
  double x = 0;
  double y = 0;
};

/// What a shape is at a point: nothing, its coloured body, or a dark detail (an eye, a door, a trunk).
enum class Zone { kOutside, kBody, kInk };

/// The zone of a point of an upright figure whose radius is 1 and whose centre is the origin.
Zone zone_at(Shape shape, Action action, Point p) noexcept;

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/figure.inl"
#endif
