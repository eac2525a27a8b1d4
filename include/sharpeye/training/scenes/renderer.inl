#pragma once

/// @file
/// Bodies of renderer.hpp.

#include "sharpeye/training/scenes/renderer.hpp"

#include <cmath>

#include "sharpeye/core/random.hpp"
SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

namespace detail {

struct Rgb {
  double r = 0, g = 0, b = 0;
};

inline Rgb operator*(double factor, Rgb c) noexcept {
  return {factor * c.r, factor * c.g, factor * c.b};
}
inline Rgb operator+(Rgb a, Rgb b) noexcept {
  return {a.r + b.r, a.g + b.g, a.b + b.b};
}

inline constexpr Rgb kColours[] = {{220, 40, 40},  {245, 140, 20}, {250, 225, 40}, {40, 165, 60},
                                   {50, 205, 220}, {60, 110, 245}, {155, 65, 205}, {250, 135, 190}};
inline constexpr Rgb kGroundColours[] = {{236, 236, 234}, {140, 140, 140}, {28, 28, 28},
                                         {112, 76, 46},   {214, 196, 160}, {18, 24, 68}};

/// Paints one scene; everything random comes from the scene's paint seed.
class Painter {
 public:
  Painter(const Scene& scene, Index size)
      : scene_(scene), random_(scene.paint_seed), size_(size), scale_(kCanvas / static_cast<double>(size)) {
    pixels_.resize(static_cast<std::size_t>(size * size));
  }

  Image paint() {
    paint_ground();
    for (auto object = scene_.objects.rbegin(); object != scene_.objects.rend(); ++object) paint_object(*object);
    return finished();
  }

 private:
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }

  Rgb jittered(Rgb c, double by) {
    const double light = between(-by, by);
    return c + Rgb{light + between(-by, by), light + between(-by, by), light + between(-by, by)};
  }

  void paint_ground() {
    const Rgb colour = jittered(kGroundColours[static_cast<std::size_t>(scene_.ground_colour)], 5);
    const double angle = between(0, 6.283185307179586), x_step = std::cos(angle), y_step = std::sin(angle);
    const double tile = between(7, 9), x_start = between(0, tile), y_start = between(0, tile);
    for (Index row = 0; row < size_; ++row) {
      for (Index column = 0; column < size_; ++column) {
        const double x = (static_cast<double>(column) + 0.5) * scale_, y = (static_cast<double>(row) + 0.5) * scale_;
        double light = 0;
        switch (scene_.ground_kind) {
          case GroundKind::kFlat: break;
          case GroundKind::kShaded: light = 36 * ((x / kCanvas - 0.5) * x_step + (y / kCanvas - 0.5) * y_step); break;
          case GroundKind::kTiled: {
            const auto parity = static_cast<Index>((x + x_start) / tile) + static_cast<Index>((y + y_start) / tile);
            light = parity % 2 == 0 ? 10 : -10;
            break;
          }
          case GroundKind::kGrainy: light = 15 * random_.normal(); break;
        }
        pixel(column, row) = colour + Rgb{light, light, light};
      }
    }
  }

  void paint_object(const Object& object) {
    const Rgb light = jittered(kColours[static_cast<std::size_t>(object.colour)], 7);
    const Rgb dark = 0.6 * light, ink = 0.2 * light;
    // The texture's own axes: stripes must not tell a shape's angle.
    const double angle = between(0, 3.141592653589793), c = std::cos(angle), s = std::sin(angle);
    const double period = 3.6 + 0.12 * object.radius;
    constexpr int kSamples = 4;  // per pixel and axis
    for (std::size_t i = 0; i < object.members.size(); ++i) {
      const Point centre = object.members[i];
      const double reach = 1.2 * object.radius;
      const Index left = column_of(centre.x - reach), right = column_of(centre.x + reach);
      const Index top = column_of(centre.y - reach), bottom = column_of(centre.y + reach);
      for (Index row = top; row <= bottom; ++row) {
        for (Index column = left; column <= right; ++column) {
          Rgb sum;
          int covered = 0;
          for (int sample = 0; sample < kSamples * kSamples; ++sample) {
            const int across = sample % kSamples, down = sample / kSamples;
            const Point p{(static_cast<double>(column) + (across + 0.5) / kSamples) * scale_,
                          (static_cast<double>(row) + (down + 0.5) / kSamples) * scale_};
            const Zone zone = object.zone_at(i, p);
            if (zone == Zone::kOutside) continue;
            ++covered;
            const double x = p.x - centre.x, y = p.y - centre.y;
            const bool is_dark = in_pattern(object.texture, (c * x + s * y) / period, (c * y - s * x) / period);
            sum = sum + (zone == Zone::kInk ? ink : is_dark ? dark : light);
          }
          constexpr double kShare = 1.0 / (kSamples * kSamples);
          Rgb& target = pixel(column, row);
          target = (1 - kShare * covered) * target + kShare * sum;
        }
      }
    }
  }

  /// @param u, v in periods of the pattern, from the figure's centre
  static bool in_pattern(Texture texture, double u, double v) noexcept {
    const double x = u - std::floor(u), y = v - std::floor(v);
    switch (texture) {
      case Texture::kPlain: return false;
      case Texture::kStriped: return x < 0.5;
      case Texture::kDotted: return (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5) < 0.095;
      case Texture::kCheckered: return (x < 0.5) != (y < 0.5);
    }
    return false;
  }

  Image finished() {
    Image image(size_, size_);
    for (Index row = 0; row < size_; ++row) {
      std::uint8_t* out = image.row(row);
      for (Index column = 0; column < size_; ++column) {
        const Rgb c = pixel(column, row);
        for (const double channel : {c.r, c.g, c.b}) {
          const double value = channel + between(-5, 5) + 0.5;  // a camera's noise
          *out++ = static_cast<std::uint8_t>(std::min(255.0, std::max(0.0, value)));
        }
      }
    }
    return image;
  }

  /// The column, or row, that holds a coordinate of the canvas; the nearest one if none does.
  Index column_of(double coordinate) const noexcept {
    return std::min(size_ - 1, std::max(Index{0}, static_cast<Index>(std::floor(coordinate / scale_))));
  }
  Rgb& pixel(Index column, Index row) noexcept { return pixels_[static_cast<std::size_t>(row * size_ + column)]; }

  const Scene& scene_;
  Random random_;
  Index size_;
  double scale_;  ///< canvas units per pixel
  std::vector<Rgb> pixels_;
};

}  // namespace detail

SHARPEYE_BODY Image render(const Scene& scene, Index size) {
  require(size >= 16 && size <= 1024, ErrorCode::kInvalidArgument,
          "scene: expected a side of 16 to 1024 pixels, actual ", size);
  return detail::Painter(scene, size).paint();
}

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END
