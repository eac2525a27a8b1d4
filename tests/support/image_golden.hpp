#pragma once

/// @file
/// The twin of noise() and fnv1a() in tests/reference/make_image_goldens.py.

#include <cstdint>

#include "sharpeye/core/image.hpp"

namespace test {

/// RGB noise that depends on nothing but the position.
inline sharpeye::Image noise(sharpeye::Index width, sharpeye::Index height) {
  sharpeye::Image image(width, height);
  for (std::uint32_t y = 0; y < height; ++y) {
    std::uint8_t* row = image.row(y);
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        std::uint32_t h = x * 73856093u ^ y * 19349663u ^ c * 83492791u;
        h ^= h >> 15;
        h *= 0x2c1b3c6du;
        h ^= h >> 12;
        h *= 0x297a2d39u;
        *row++ = static_cast<std::uint8_t>(h >> 24);
      }
    }
  }
  return image;
}

/// 64-bit FNV-1a of all pixels.
inline std::uint64_t fnv1a(const sharpeye::Image& image) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint8_t byte : image.pixels()) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

}  // namespace test
