#include "sharpeye/text/pre_tokenizer.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "text/generated_text.hpp"

using namespace sharpeye;

namespace {

/// @param most_digits 0: GPT-2's pattern, else Qwen2's
std::vector<std::string> pieces(const std::string& text, int most_digits = 0) {
  std::vector<std::string> result;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end) {
    end = most_digits == 0 ? gpt2_piece_end(text, begin) : qwen2_piece_end(text, begin, most_digits);
    result.push_back(text.substr(begin, end - begin));
  }
  return result;
}

using Pieces = std::vector<std::string>;

}  // namespace

TEST_CASE("GPT-2's pattern, alternative by alternative") {
  CHECK(pieces("A dog's 12ft, they'll") == Pieces{"A", " dog", "'s", " 12", "ft", ",", " they", "'ll"});
  CHECK(pieces("'S 's ''s 'lx") == Pieces{"'", "S", " '", "s", " ''", "s", " '", "lx"});
  CHECK(pieces("a  b \n c\n\nd ") == Pieces{"a", " ", " b", " \n", " c", "\n", "\n", "d", " "});
  CHECK(pieces("a\u00a0b \u3000") == Pieces{"a", "\u00a0", "b", " \u3000"});
  CHECK(pieces(" \u3000x") == Pieces{" ", "\u3000", "x"});
  CHECK(pieces("\u732b2\u00bde\u0301") == Pieces{"\u732b", "2\u00bd", "e", "\u0301"});
  CHECK(pieces("a\xFF\xE2\x82 b\x80") == Pieces{"a", "\xFF\xE2\x82", " b", "\x80"});
}

TEST_CASE("Qwen2's pattern, alternative by alternative") {
  CHECK(pieces("A dog'S 12ft, they'LL", 1) == Pieces{"A", " dog", "'S", " ", "1", "2", "ft", ",", " they", "'LL"});
  CHECK(pieces("1234x \u00bd", 3) == Pieces{"123", "4", "x", " ", "\u00bd"});
  CHECK(pieces("'\u017f 'x 'l", 1) == Pieces{"'\u017f", " '", "x", " '", "l"});
  CHECK(pieces("(a\tb\nc \rd", 1) == Pieces{"(a", "\tb", "\n", "c", " \r", "d"});
  CHECK(pieces("?!\n\r\n a  ,\n", 1) == Pieces{"?!\n\r\n", " a", " ", " ,\n"});
  CHECK(pieces("a \n \n  b\u3000 1  ", 1) == Pieces{"a", " \n \n", " ", " b", "\u3000", " ", "1", "  "});
  CHECK(pieces("a\xFF\xE2\x82 b\x80", 1) == Pieces{"a", "\xFF\xE2\x82", " b", "\x80"});
}

TEST_CASE("20,000 generated strings are split as Hugging Face splits them") {
  std::ifstream hashes(test::fixture("text/opt_hashes.txt"));
  const test::TextGenerator generator;
  std::uint64_t number = 0;
  for (std::string ids, expected, decoded; hashes >> ids >> expected >> decoded;) {
    test::Hash hash;
    for (const std::uint64_t end = number + 100; number < end; ++number) {
      std::vector<std::size_t> lengths;
      for (const std::string& piece : pieces(generator.text(number))) lengths.push_back(piece.size());
      hash.add_numbers(lengths);
    }
    CHECK_MESSAGE(hash.value == std::stoull(expected, nullptr, 16), "strings before number " << number);
  }
  CHECK(number == 20000);
}
