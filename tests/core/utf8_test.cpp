#include "sharpeye/core/utf8.hpp"

#include <doctest/doctest.h>

using namespace sharpeye;

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

TEST_CASE("every code point is written and read back") {
  bool same = true;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Step step = decode_utf8(text);
    same = same && step.status == Utf8Status::kValid && step.code_point == c && step.length == text.size();
  }
  CHECK(same);
}
