#include "sharpeye/text/unicode.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

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

TEST_CASE("UTF-8 is decoded strictly") {
  CHECK(decode_utf8("\xF0\x9F\xA6\x99!").code_point == U'\U0001F999');
  CHECK(decode_utf8("\xF0\x9F\xA6\x99!").length == 4);
  CHECK(decode_utf8("\xED\x9F\xBF").code_point == 0xD7FF);
  CHECK(decode_utf8("\xF4\x8F\xBF\xBF").code_point == 0x10FFFF);
  for (const char* bytes :
       {"\x80", "\xC1\x81", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xFF"}) {
    CHECK(decode_utf8(bytes).status == Utf8Status::kInvalid);
    CHECK(decode_utf8(bytes).length == 1);
  }
  CHECK(decode_utf8("\xE2\x82").status == Utf8Status::kIncomplete);
  CHECK(decode_utf8("\xE2\x82").length == 2);
  CHECK(decode_utf8("\xE2\x82 ").status == Utf8Status::kInvalid);
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
