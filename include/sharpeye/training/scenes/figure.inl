#pragma once

/// @file
/// Bodies of figure.hpp.

#include "sharpeye/training/scenes/figure.hpp"

#include <cmath>

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

namespace detail {

inline double square_of(double value) noexcept {
  return value * value;
}

inline bool in_ellipse(Point p, Point centre, double half_width, double half_height) noexcept {
  return square_of((p.x - centre.x) / half_width) + square_of((p.y - centre.y) / half_height) <= 1;
}

/// An upright isosceles triangle about the y axis.
inline bool in_triangle(Point p, double top, double bottom, double half_width) noexcept {
  return p.y <= bottom && std::abs(p.x) * (bottom - top) <= half_width * (p.y - top);
}

inline bool in_star(Point p) noexcept {
  constexpr double kSector = 2 * 3.141592653589793 / 5, kInner = 0.45;
  // Folds the plane into half a sector, where the outline is one line from the tip (1, 0) to the inner corner.
  const double angle = std::abs(std::remainder(std::atan2(p.x, -p.y), kSector));
  const double radius = std::hypot(p.x, p.y);
  const double x = radius * std::cos(angle), y = radius * std::sin(angle);
  const double corner_x = kInner * std::cos(kSector / 2), corner_y = kInner * std::sin(kSector / 2);
  return (x - 1) * corner_y - y * (corner_x - 1) <= 0;
}

inline bool in_heart(Point p) noexcept {
  const double x = 1.15 * p.x, y = 0.12 - 1.12 * p.y;
  const double r = x * x + y * y - 1;
  return r * r * r <= x * x * y * y * y;
}

inline bool in_fish(Point p) noexcept {
  return in_ellipse(p, {-0.22, 0}, 0.78, 0.5) || (p.x >= 0.3 && p.x <= 1 && std::abs(p.y) <= 0.9 * (p.x - 0.3));
}

/// Eyes and mouth.
inline bool in_features(Point p, Action mood) noexcept {
  const Point half{std::abs(p.x), p.y};
  if (mood == Action::kSleeping) {
    return (std::abs(half.x - 0.4) <= 0.24 && std::abs(p.y + 0.15) <= 0.09) || in_ellipse(p, {0, 0.45}, 0.17, 0.17);
  }
  if (in_ellipse(half, {0.36, -0.25}, 0.15, 0.2)) return true;
  const bool smiles = mood == Action::kSmiling;
  const double centre_y = smiles ? -0.05 : 0.95;
  const bool is_mouth_side = smiles ? p.y >= 0.22 : p.y <= 0.66;
  return is_mouth_side && std::abs(std::hypot(p.x, p.y - centre_y) - 0.56) <= 0.1;
}

}  // namespace detail

SHARPEYE_BODY Zone zone_at(Shape shape, Action action, Point p) noexcept {
  using namespace detail;
  const auto body_if = [](bool is_inside) { return is_inside ? Zone::kBody : Zone::kOutside; };
  switch (shape) {
    case Shape::kCircle: return body_if(in_ellipse(p, {}, 1, 1));
    case Shape::kOval: return body_if(in_ellipse(p, {}, 1, 0.64));
    case Shape::kRing: return body_if(in_ellipse(p, {}, 1, 1) && !in_ellipse(p, {}, 0.6, 0.6));
    case Shape::kSquare: return body_if(std::abs(p.x) <= 0.84 && std::abs(p.y) <= 0.84);
    case Shape::kDiamond: return body_if(std::abs(p.x) / 0.84 + std::abs(p.y) <= 1);
    case Shape::kTriangle: return body_if(in_triangle(p, -0.95, 0.8, 1));
    case Shape::kStar: return body_if(in_star(p));
    case Shape::kHeart: return body_if(in_heart(p));
    case Shape::kHouse:
      if (std::abs(p.x) <= 0.2 && p.y >= 0.35 && p.y <= 0.9) return Zone::kInk;
      return body_if(in_triangle(p, -1, -0.12, 1) || (std::abs(p.x) <= 0.7 && p.y >= -0.2 && p.y <= 0.9));
    case Shape::kTree:
      if (in_triangle(p, -1, 0.05, 0.6) || in_triangle(p, -0.55, 0.6, 0.85)) return Zone::kBody;
      return std::abs(p.x) <= 0.17 && p.y > 0.6 && p.y <= 1 ? Zone::kInk : Zone::kOutside;
    case Shape::kFish:
      if (in_ellipse(p, {-0.6, -0.12}, 0.13, 0.13)) return Zone::kInk;
      return body_if(in_fish(p));
    case Shape::kFace:
      if (!in_ellipse(p, {}, 1, 1)) return Zone::kOutside;
      return in_features(p, action) ? Zone::kInk : Zone::kBody;
  }
  return Zone::kOutside;
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
