#pragma once

/// @file
/// Bodies of exif.hpp.

#include "sharpeye/io/exif.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The numbers of a TIFF block, in its byte order.
struct TiffNumbers {
  std::string_view block;
  bool big_endian;

  /// The number of `size` bytes at `at`; what lies outside the block reads as zero, which matches no tag and no type.
  std::uint64_t operator()(std::uint64_t at, std::uint64_t size) const noexcept {
    if (at > block.size() || size > block.size() - at) return 0;
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
      value =
          value << 8 | static_cast<std::uint8_t>(block[static_cast<std::size_t>(at + (big_endian ? i : size - 1 - i))]);
    }
    return value;
  }
};

/// Bytes of one value of a TIFF type; 0 for an unknown type.
inline std::uint64_t tiff_type_size(std::uint64_t type) noexcept {
  constexpr std::uint8_t kSizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
  return type < sizeof kSizes ? kSizes[type] : 0;
}

/// A value as an integer; nothing where it is none, or of a type that Pillow does not take for a number.
inline std::optional<std::uint64_t> tiff_integer(const TiffNumbers& number, std::uint64_t type,
                                                 std::uint64_t at) noexcept {
  switch (type) {
    case 3:
    case 4:
    case 6:
    case 8:
    case 9:
    case 13:
    case 16:  // integers; a negative one is no orientation either
      return number(at, tiff_type_size(type));
    case 5:
    case 10: {  // rationals
      const std::uint64_t numerator = number(at, 4), denominator = number(at + 4, 4);
      if (denominator == 0 || numerator % denominator != 0) return std::nullopt;
      return numerator / denominator;
    }
    case 11: {
      const auto bits = static_cast<std::uint32_t>(number(at, 4));
      float value;
      std::memcpy(&value, &bits, sizeof value);
      for (std::uint64_t i = 1; i <= 8; ++i) {
        if (value == static_cast<float>(i)) return i;
      }
      return std::nullopt;
    }
    case 12: {
      const std::uint64_t bits = number(at, 8);
      double value;
      std::memcpy(&value, &bits, sizeof value);
      for (std::uint64_t i = 1; i <= 8; ++i) {
        if (value == static_cast<double>(i)) return i;
      }
      return std::nullopt;
    }
    default: return std::nullopt;  // BYTE is bytes to Pillow, and 2 and 7 are text
  }
}

/// The tag's value, 1 for a senseless one; nothing where there is no such tag.
inline std::optional<int> orientation_tag(std::string_view tiff) noexcept {
  const bool big_endian = tiff.substr(0, 2) == "MM";
  if (!big_endian && tiff.substr(0, 2) != "II") return std::nullopt;
  const TiffNumbers number{tiff, big_endian};
  if (number(2, 2) != 42 && number(2, 2) != 42 << 8)
    return std::nullopt;  // Pillow takes 42 in the wrong byte order too
  const std::uint64_t directory = number(4, 4), entries = number(directory, 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) return std::nullopt;
    const std::uint64_t type = number(entry + 2, 2), count = number(entry + 4, 4);
    const std::uint64_t size = count * tiff_type_size(type);
    if (size == 0) continue;
    const std::uint64_t at = size <= 4 ? entry + 8 : number(entry + 8, 4);
    if (at > tiff.size() || size > tiff.size() - at) return std::nullopt;  // Pillow stops at a value that is not there
    if (number(entry, 2) != 0x0112) continue;
    const auto orientation = tiff_integer(number, type, at);
    return orientation && *orientation >= 1 && *orientation <= 8 ? static_cast<int>(*orientation) : 1;
  }
  return std::nullopt;
}

/// The digit behind the first tiff:Orientation, be it an attribute or an element; 1 for a senseless one.
inline int xmp_orientation(std::string_view xmp) noexcept {
  constexpr std::string_view kTag = "tiff:Orientation";
  for (std::size_t at = 0; (at = xmp.find(kTag, at)) != std::string_view::npos;) {
    at += kTag.size();
    const std::string_view rest = xmp.substr(at, 3);
    const std::size_t digit = rest.substr(0, 2) == "=\"" ? 2 : rest.substr(0, 1) == ">" ? 1 : rest.size();
    if (digit >= rest.size() || rest[digit] < '0' || rest[digit] > '9') continue;
    return rest[digit] >= '1' && rest[digit] <= '8' ? rest[digit] - '0' : 1;
  }
  return 1;
}

}  // namespace detail

SHARPEYE_BODY int exif_orientation(std::string_view tiff) noexcept {
  return detail::orientation_tag(tiff).value_or(1);
}

SHARPEYE_BODY int picture_orientation(std::string_view exif, std::string_view xmp) noexcept {
  while (exif.substr(0, 6) == std::string_view("Exif\0\0", 6)) exif.remove_prefix(6);
  const auto tag = detail::orientation_tag(exif);
  return tag ? *tag : detail::xmp_orientation(xmp);
}

SHARPEYE_NAMESPACE_END
