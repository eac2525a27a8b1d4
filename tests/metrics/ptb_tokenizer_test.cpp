#include "sharpeye/metrics/ptb_tokenizer.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "support/paths.hpp"

using namespace sharpeye;

namespace {

std::string tokens(std::string_view caption) {
  std::string line;
  for (const std::string& token : caption_tokens(caption)) line += (line.empty() ? "" : " ") + token;
  return line;
}

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(test::fixture(name));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("captions become the words of Stanford's tokenizer") {
  const auto captions = lines_of("metrics/captions.txt"), expected = lines_of("metrics/captions.tokens.txt");
  REQUIRE(captions.size() > 70);
  REQUIRE(captions.size() == expected.size());
  for (std::size_t i = 0; i < captions.size(); ++i) CHECK(tokens(captions[i]) == expected[i]);
}

TEST_CASE("the rules, one by one") {
  CHECK(tokens("Don't, it's; CANNOT gonna!") == "do n't it 's can not gon na");
  CHECK(tokens("A \"stop\" sign - here...") == "a stop sign here");
  CHECK(tokens("a (small) [x]") == "a -lrb- small -rrb- -lsb- x -rsb-");  // as coco-caption, whose list misses them
  CHECK(tokens("wow!! ok! really?!") == "wow !! ok really ?!");
  CHECK(tokens("Mr. X. of the U.S. etc.") == "mr. x. of the u.s. etc.");
  CHECK(tokens("plan B. The end") == "plan b the end");
  CHECK(tokens("\xE2\x80\x9CIt\xE2\x80\x99s\xE2\x80\x9D") == "it 's");
  CHECK(tokens("2 1/2 dogs") == "2 1/2 dogs");
  CHECK(caption_tokens("2 1/2 dogs").size() == 3);
}

TEST_CASE("nothing but separators is no word") {
  for (const char* caption : {"", " ", "\n\t\r", ".", "...", "'", "\"\"", ", ; : -", "\xF0\x9F\x98\x80", "\xC2\xA0"}) {
    CHECK_MESSAGE(caption_tokens(caption).empty(), caption);
  }
}

TEST_CASE("newlines separate words") {
  CHECK(tokens("a\nb\r\nc\td") == "a b c d");
}

TEST_CASE("any bytes are accepted, in linear time") {
  CHECK(tokens("a\xFF"
               "b \xC3") == "a b");
  CHECK(tokens(std::string("a\0b", 3)) == "a b");
  for (const char* piece : {"a",  "'",  "-",   ".",   "a.",  "a'",      "<a", "<", "a@",       "@",    "1/",
                            "1.", "a-", "n't", "&#1", "a. ", "http://", "'t", "(", "\xC2\xBD", "no. ", "A&"}) {
    std::string text;
    while (text.size() < 200000) text += piece;
    caption_tokens(text);
  }
  unsigned state = 1;
  std::string noise(100000, ' ');
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (const std::string& token : caption_tokens(noise)) CHECK_FALSE(token.empty());
}
