#pragma once

/// @file
/// Random numbers that are the same everywhere: the distributions of the standard library differ between platforms.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A number in [0, 1) from the upper 53 of 64 random bits.
inline double unit_interval(std::uint64_t bits) noexcept {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// Two independent normal numbers of mean 0 from twice 64 random bits (Box and Muller).
std::pair<double, double> normal_pair(std::uint64_t a, std::uint64_t b, double deviation = 1) noexcept;

/// A seeded generator (splitmix64: Steele, Lea and Flood 2014). Its whole state is one number, so that it can be stored
/// in a checkpoint, and one for each item of a data set costs nothing. Also a UniformRandomBitGenerator.
class Random {
 public:
  using result_type = std::uint64_t;  // NOLINT(readability-identifier-naming): the standard's name

  explicit Random(std::uint64_t seed = 0) noexcept : state_(seed) {}

  /// One of 2^64 unrelated streams of a seed, for example the one of image `stream`: what it yields does not depend on
  /// how many numbers the others took.
  Random(std::uint64_t seed, std::uint64_t stream) noexcept
      : state_(mix(mix(seed + kIncrement) ^ mix(stream + 2 * kIncrement))) {}

  /// 64 random bits.
  std::uint64_t next() noexcept { return mix(state_ += kIncrement); }

  /// A whole number in [0, limit); `limit` must not be 0. Uneven by less than limit / 2^64.
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }

  /// A number in [0, 1).
  double uniform() noexcept { return unit_interval(next()); }

  /// A normal number of mean 0 and deviation 1; takes two steps.
  double normal() noexcept {
    const std::uint64_t a = next(), b = next();
    return normal_pair(a, b).first;
  }

  /// An index into `weights`, drawn in their proportion; weights are not negative and not all 0.
  std::size_t weighted(const std::vector<double>& weights) noexcept;

  /// Puts the elements in random order (Fisher and Yates).
  template <class T>
  void shuffle(std::vector<T>& elements) {
    for (std::size_t i = elements.size(); i > 1; --i) std::swap(elements[i - 1], elements[below(i)]);
  }

  /// Random(state()) goes on as this generator would.
  std::uint64_t state() const noexcept { return state_; }

  static constexpr std::uint64_t min() noexcept { return 0; }
  static constexpr std::uint64_t max() noexcept { return ~std::uint64_t{0}; }
  std::uint64_t operator()() noexcept { return next(); }

 private:
  static constexpr std::uint64_t kIncrement = 0x9E3779B97F4A7C15u;

  static std::uint64_t mix(std::uint64_t z) noexcept {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

  std::uint64_t state_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/random.inl"
#endif
