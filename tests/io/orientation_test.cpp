#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "sharpeye/core/image.hpp"
#include "sharpeye/io/exif.hpp"
#include "sharpeye/io/inflate.hpp"

using namespace sharpeye;

TEST_CASE("the EXIF orientation is read as Pillow reads it: of any numeric type but BYTE, the first of several") {
  const auto number = [](std::uint64_t value, int size, bool big) {
    std::string bytes;
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * (big ? size - 1 - i : i) & 0xffu);
    return bytes;
  };
  struct Type {
    int type, size;
    std::uint64_t six;  // its bits
    int expected;
  };
  const Type types[] = {{1, 1, 6, 1},           {2, 1, '6', 1}, {3, 2, 6, 6},  {4, 4, 6, 6},
                        {6, 1, 6, 6},           {7, 1, 6, 1},   {8, 2, 6, 6},  {9, 4, 6, 6},
                        {11, 4, 0x40c00000, 6}, {13, 4, 6, 6},  {16, 8, 6, 6}, {12, 8, 0x4018000000000000u, 6},
                        {99, 2, 6, 1},          {0, 2, 6, 1}};
  for (const bool big : {false, true}) {
    const auto block = [&](int type, int size, std::uint64_t count, std::string values) {
      const std::string head = (big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big) + number(1, 2, big) +
                               number(0x0112, 2, big) + number(static_cast<std::uint64_t>(type), 2, big) +
                               number(count, 4, big);
      if (static_cast<std::uint64_t>(size) * count > 4) return head + number(26, 4, big) + number(0, 4, big) + values;
      values.resize(4);
      return head + values + number(0, 4, big);
    };
    for (const Type& type : types) {
      for (const std::uint64_t count : {1, 2, 3, 4, 5, 9}) {
        CAPTURE(big);
        CAPTURE(type.type);
        CAPTURE(count);
        const std::string rest(static_cast<std::size_t>(type.size) * (count - 1), '\0');
        const std::string values = number(type.six, type.size, big) + rest;
        CHECK(exif_orientation(block(type.type, type.size, count, values)) == type.expected);
      }
      CHECK(exif_orientation(block(type.type, type.size, 0, number(type.six, type.size, big))) == 1);
    }
    for (const int rational : {5, 10}) {
      CHECK(exif_orientation(block(rational, 8, 1, number(6, 4, big) + number(1, 4, big))) == 6);
      CHECK(exif_orientation(block(rational, 8, 1, number(13, 4, big) + number(2, 4, big))) == 1);
      CHECK(exif_orientation(block(rational, 8, 1, number(6, 4, big) + number(0, 4, big))) == 1);
    }
    CHECK(exif_orientation(block(4, 4, 1, number(0x10006, 4, big))) == 1);
    CHECK(exif_orientation(block(3, 2, 0xffffffff, "")) == 1);  // values that are not there
  }
}

TEST_CASE("malformed EXIF means upright") {
  const std::string header("II\x2a\0\x08\0\0\0\1\0", 10), entry("\x12\1\3\0\1\0\0\0\6\0\0\0", 12);
  CHECK(exif_orientation(header + entry) == 6);
  CHECK(exif_orientation(std::string("MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0", 22)) == 8);
  for (std::size_t size = 0; size < 22; ++size) CHECK(exif_orientation((header + entry).substr(0, size)) == 1);
  for (const char value : {'\0', '\x9', '\xff'}) {
    std::string other = header + entry;
    other[18] = value;
    CHECK(exif_orientation(other) == 1);
  }
  CHECK(exif_orientation(std::string("II\x2a\0\xff\xff\xff\xff\1\0", 10) + entry) == 1);
  CHECK(exif_orientation("XX") == 1);
  CHECK_THROWS_AS(Image(1, 1, 0), Error);
  CHECK_THROWS_AS(Image(1, 1, 9), Error);
}

TEST_CASE("texts are inflated, and not without limit") {
  const std::string hello("x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\0:.\6}", 16);
  CHECK(inflate_zlib(hello, 100).value_or("") == "hello hello hello");
  CHECK_FALSE(inflate_zlib(hello, 16).has_value());
  for (std::size_t size = 0; size < 12; ++size) CHECK_FALSE(inflate_zlib(hello.substr(0, size), 100).has_value());
}

TEST_CASE("XMP says which way up where EXIF does not") {
  const std::string exif("II\x2a\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\3\0\0\0", 22);
  CHECK(picture_orientation(exif, "tiff:Orientation=\"6\"") == 3);
  CHECK(picture_orientation("", "tiff:Orientation=\"6\"") == 6);
  CHECK(picture_orientation(std::string("Exif\0\0", 6) + exif, "") == 3);
  CHECK(picture_orientation("", "<tiff:Orientation>8</tiff:Orientation>") == 8);
  CHECK(picture_orientation("", "tiff:Orientation='6' tiff:Orientation=\"9\"") == 1);
  CHECK(picture_orientation("", "tiff:Orientation") == 1);
  CHECK(picture_orientation("", "") == 1);
}
