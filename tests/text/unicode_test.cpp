#include "sharpeye/text/unicode.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "sharpeye/text/unicode_tables.hpp"

using namespace sharpeye;
using namespace std::string_literals;

namespace {

std::string replaced(const std::string& bytes) {
  std::string text;
  if (append_valid_utf8(bytes, text) < bytes.size()) text += kReplacementCharacter;
  return text;
}

}  // namespace

TEST_CASE("every code point of Unicode 15 has its class") {
  std::array<int, 4> counts = {};
  for (char32_t c = 0; c < 0x110000; ++c) ++counts[static_cast<std::size_t>(char_class(c))];
  // Counted with Python from the categories L* and N* of UnicodeData-15.0.0.txt; White_Space has 25 members.
  CHECK(counts[static_cast<std::size_t>(CharClass::kLetter)] == 136104);
  CHECK(counts[static_cast<std::size_t>(CharClass::kNumber)] == 1831);
  CHECK(counts[static_cast<std::size_t>(CharClass::kSpace)] == 25);
  for (const char32_t c : {U'a', U'Z', U'\u00aa', U'\u00e9', U'\u4e00', U'\u9fff', U'\u3005', U'\U0002A6DF'})
    CHECK(is_letter(c));
  for (const char32_t c : {U'0', U'9', U'\u00b2', U'\u00bd', U'\u0669', U'\u2167', U'\u3007', U'\U0001D7D8'})
    CHECK(is_number(c));
  for (const char32_t c : {U' ', U'\t', U'\r', U'\u0085', U'\u00a0', U'\u1680', U'\u2028', U'\u202f', U'\u3000'})
    CHECK(is_space(c));
  for (const char32_t c :
       {U'\0', U'\x1c', U'\u0301', U'\u180e', U'\u200b', U'\u2060', U'\ufeff', U'\U0001F999', U'\U0010FFFF'}) {
    CHECK(char_class(c) == CharClass::kOther);
  }
}

TEST_CASE("the ASCII short cut agrees with the table") {
  for (std::uint32_t c = 0; c < 0x80; ++c) {
    const auto after = std::upper_bound(std::begin(kCharClassStarts), std::end(kCharClassStarts), c << 2 | 3u);
    CHECK(static_cast<unsigned>(char_class(c)) == (*std::prev(after) & 3u));
  }
}

TEST_CASE("invalid bytes are replaced as Python does") {  // bytes.decode("utf-8", "replace"), Python 3.11
  const std::string r(kReplacementCharacter);
  CHECK(replaced("a\xFF\x62") == "a" + r + "b");
  CHECK(replaced("\xE2\x82\xAC\xE2\x82") == "\xE2\x82\xAC" + r);
  CHECK(replaced("\xE2\x82\x41") == r + "A");
  CHECK(replaced("\xF0\x9F\xA6\xF0\x9F") == r + r);
  CHECK(replaced("\xED\xA0\x80") == r + r + r);
  CHECK(replaced("\xF4\x90\x80\x80") == r + r + r + r);
  CHECK(replaced("\xC0\xAF") == r + r);
}

TEST_CASE("strip removes what Python's str.strip removes") {
  CHECK(strip("") == "");
  CHECK(strip(" \n\t ") == "");
  CHECK(strip("\u3000 a\u00a0b \x1c\u2028") == "a\u00a0b");
  CHECK(strip("\u200b \xff ") == "\u200b \xff");
}
