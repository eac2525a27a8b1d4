#include "sharpeye/text/unicode_mapping.hpp"

#include <doctest/doctest.h>

#include <string>

#include "text/generated_text.hpp"

using namespace sharpeye;

TEST_CASE("normalization forms C and D") {
  CHECK(to_nfd("caf\u00e9") == "cafe\u0301");
  CHECK(to_nfc("cafe\u0301") == "caf\u00e9");
  CHECK(to_nfd("\u1e69") == "s\u0323\u0307");        // in two steps, in canonical order
  CHECK(to_nfc("s\u0307\u0323") == "\u1e69");        // sorted, then composed
  CHECK(to_nfc("a\u0315\u0300") == "\u00e0\u0315");  // past a mark of another class
  CHECK(to_nfc("\u0344") == "\u0308\u0301");         // excluded from composition
  CHECK(to_nfc("\u212b") == "\u00c5");
  CHECK(to_nfd("\uac01") == "\u1100\u1161\u11a8");
  CHECK(to_nfc("\u1100\u1161\u11a8") == "\uac01");
  CHECK(to_nfc("\uac00\u11a8\u11a8") == "\uac01\u11a8");
  CHECK(to_nfc("\U0001d15e") == "\U0001d157\U0001d165");
  CHECK(to_nfc("e\xff\u0301\xe2\x82") == "e\xff\u0301\xe2\x82");  // not UTF-8: kept, and composed with nothing
  const test::TextGenerator generator;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    const std::string text = generator.text(number);
    const std::string nfd = to_nfd(text), nfc = to_nfc(text);
    REQUIRE(to_nfd(nfd) == nfd);
    REQUIRE(to_nfc(nfc) == nfc);
    REQUIRE(to_nfc(nfd) == nfc);
    REQUIRE(to_nfd(nfc) == nfd);
  }
}

TEST_CASE("lower case, character by character") {
  CHECK(to_lower_case("ABC xyz \u00c4\u0416\u03a3 \u0100\u0101 \u1e9e \u0130 \u2c00 \U00010400") ==
        "abc xyz \u00e4\u0436\u03c3 \u0101\u0101 \u00df i\u0307 \u2c30 \U00010428");
  CHECK(to_lower_case("A\xff\xc3") == "a\xff\xc3");
}

TEST_CASE("BERT's classes and word characters") {
  CHECK(bert_class(U'\t') == BertClass::kControl);
  CHECK(bert_class(0x200B) == BertClass::kControl);
  CHECK(bert_class(U'$') == BertClass::kPunctuation);
  CHECK(bert_class(0x3001) == BertClass::kPunctuation);
  CHECK(bert_class(0x301) == BertClass::kNonspacingMark);
  CHECK(bert_class(0x20AC) == BertClass::kOther);  // a symbol, and not of ASCII
  CHECK(bert_class(U'a') == BertClass::kOther);
  for (const char32_t c : {U'a', U'_', U'7', char32_t{0x301}, char32_t{0x200D}, char32_t{0x4E00}, char32_t{0x1E5EE}})
    CHECK(is_word_character(c));
  for (const char32_t c : {U' ', U'-', U'$', char32_t{0xBD}, char32_t{0xFFFD}}) CHECK_FALSE(is_word_character(c));
}
