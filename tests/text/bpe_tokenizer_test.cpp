#include "sharpeye/text/bpe_tokenizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "sharpeye/text/clean_up.hpp"
#include "sharpeye/text/unicode.hpp"
#include "text/generated_text.hpp"
#include "text/vocab_files.hpp"

using namespace sharpeye;
using Ids = std::vector<std::int32_t>;

namespace {

const BpeTokenizer& tiny() {
  static const BpeTokenizer tokenizer = BpeTokenizer::load(test::fixture("text/tiny"));
  return tokenizer;
}

SpecialTokens only_opt() {
  SpecialTokens special;
  special.additional = {};
  return special;
}

std::string random_bytes(test::RandomStream& random) {
  std::string bytes(random.below(40), '\0');
  const std::uint64_t kind = random.below(3);  // all bytes, UTF-8 building blocks, ASCII
  const std::string blocks = "\xC3\xE2\xED\xF0\xF4\x80\x82\x9F\xA0\xBF a'";
  for (char& byte : bytes) {
    byte = kind == 0   ? static_cast<char>(random.below(256))
           : kind == 1 ? blocks[random.below(blocks.size())]
                       : static_cast<char>(random.below(128));
  }
  return bytes;
}

/// The definition: find the most preferred pair, merge it everywhere from left to right, again.
Ids merge_by_definition(const std::string& text, const std::vector<std::pair<std::string, std::string>>& merges,
                        const BpeTokenizer& tokenizer) {
  std::vector<std::string> word;
  for (const char byte : text) word.emplace_back(1, byte);
  for (;;) {
    std::size_t best = merges.size();
    for (std::size_t i = 0; i + 1 < word.size(); ++i) {
      for (std::size_t rank = 0; rank < best; ++rank) {
        if (merges[rank] == std::make_pair(word[i], word[i + 1])) best = rank;
      }
    }
    if (best == merges.size()) break;
    std::vector<std::string> merged;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const bool pair = i + 1 < word.size() && merges[best] == std::make_pair(word[i], word[i + 1]);
      merged.push_back(pair ? word[i] + word[i + 1] : word[i]);
      i += pair ? 1 : 0;
    }
    word = merged;
  }
  Ids ids;
  for (const std::string& token : word) ids.push_back(*tokenizer.token_to_id(token));
  return ids;
}

}  // namespace

TEST_CASE("ids and texts of the tiny vocabulary are Hugging Face's") {
  const BpeTokenizer opt = BpeTokenizer::load(test::fixture("text/tiny"), only_opt());
  std::ifstream goldens(test::fixture("text/tiny/goldens.jsonl"));
  int count = 0;
  for (std::string line; std::getline(goldens, line); ++count) {
    const Json golden = parse_json(line, "goldens.jsonl");
    const auto text = golden["text"].get<std::string>();
    CAPTURE(text);
    const Ids ids = tiny().encode(text);
    CHECK(ids == golden["ids"].get<Ids>());
    CHECK(opt.encode(text) == golden["ids_opt"].get<Ids>());
    CHECK(tiny().encode(text, {true, false}) == golden["ids_text"].get<Ids>());
    CHECK(clean_up_tokenization_spaces(tiny().decode(ids)) == golden["decoded"].get<std::string>());
    CHECK(tiny().decode(ids, false) == "</s>" + text);
  }
  CHECK(count == 104);
}

TEST_CASE("tokens have ids and spellings") {
  CHECK(tiny().vocab_size() == 600);
  CHECK(tiny().bos_id() == 2);
  CHECK(tiny().eos_id() == 2);
  CHECK(tiny().pad_id() == 1);
  CHECK(tiny().token_to_id("<mask>") == 599);
  CHECK(tiny().token_to_id("\u0120yellow").value() == tiny().encode(" yellow", {false, false}).at(0));
  CHECK_FALSE(tiny().token_to_id("no such token").has_value());
  CHECK_FALSE(tiny().token_to_id("").has_value());
  for (std::int32_t id = 0; id < 600; ++id) {
    CHECK(tiny().token_to_id(tiny().id_to_token(id)) == id);
    CHECK(tiny().is_special(id) == (id < 4 || id == 599));
  }
  for (const std::int32_t id : {-1, 600, -200, 0x7fffffff}) {
    CHECK_THROWS_AS(tiny().id_to_token(id), Error);
    CHECK_THROWS_AS(tiny().decode({id}), Error);
  }
}

TEST_CASE("special tokens in the text are markup or text, as asked") {
  CHECK(tiny().encode("<pad></s><mask>", {false, true}) == Ids{1, 2, 599});
  for (const std::int32_t id : tiny().encode("<pad></s><mask>", {false, false})) CHECK_FALSE(tiny().is_special(id));
  CHECK(tiny().decode(tiny().encode("<pad></s><mask>", {true, false})) == "<pad></s><mask>");
  CHECK(tiny().decode({1, 2, 599}, false) == "<pad></s><mask>");
  CHECK(tiny().decode({1, 2, 599}) == "");
  SpecialTokens longer;
  longer.additional = {"</s></s>"};
  const BpeTokenizer tokenizer(test::vocab_json(test::small_vocabulary({"</s></s>"})), "", longer);
  CHECK(tokenizer.encode("</s></s></s>", {false, true}) == Ids{260, 2});  // the longest one wins
}

TEST_CASE("any bytes survive encoding, valid UTF-8 survives decoding") {
  const test::TextGenerator generator;
  test::RandomStream random(1);
  for (std::uint64_t number = 0; number < 20000; ++number) {
    const std::string bytes = random_bytes(random);
    const Ids ids = tiny().encode(bytes, {false, false});
    REQUIRE(tiny().decode_bytes(ids) == bytes);
    std::string text;
    if (append_valid_utf8(bytes, text) < bytes.size()) text += kReplacementCharacter;
    REQUIRE(tiny().decode(ids) == text);
    if (number < 2000) {
      const std::string generated = generator.text(number);
      REQUIRE(tiny().decode(tiny().encode(generated, {true, false})) == generated);
      REQUIRE(tiny().decode(tiny().encode(generated, {false, true}), false) == generated);
    }
  }
}

TEST_CASE("merging follows the definition, also with merges that no training would order so") {
  test::RandomStream random(2);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> tokens = {"a", "b", "c"};
    std::vector<std::pair<std::string, std::string>> merges;
    while (merges.size() < 12) {
      const std::pair<std::string, std::string> merge = {tokens[random.below(tokens.size())],
                                                         tokens[random.below(tokens.size())]};
      if (std::find(merges.begin(), merges.end(), merge) != merges.end()) continue;
      merges.insert(merges.begin() + static_cast<std::ptrdiff_t>(random.below(merges.size() + 1)), merge);
      const std::string merged = merge.first + merge.second;
      if (std::find(tokens.begin(), tokens.end(), merged) == tokens.end()) tokens.push_back(merged);
    }
    std::string merges_text;
    for (const auto& [left, right] : merges) merges_text += left + " " + right + "\n";
    const std::vector<std::string> more(tokens.begin() + 3, tokens.end());
    const BpeTokenizer tokenizer(test::vocab_json(test::small_vocabulary(more)), merges_text);
    for (int i = 0; i < 40; ++i) {
      std::string text(1 + random.below(30), ' ');
      for (char& byte : text) byte = static_cast<char>('a' + random.below(3));
      REQUIRE(tokenizer.encode(text, {false, false}) == merge_by_definition(text, merges, tokenizer));
    }
  }
}

TEST_CASE("a word of a megabyte takes about as long per byte as a short one") {
  test::RandomStream random(3);
  std::string word(std::size_t{1} << 20, 'a');
  for (char& byte : word) byte = static_cast<char>('a' + random.below(26));
  for (const std::string& text : {word, std::string(word.size(), 'e'), std::string(word.size(), ' ')}) {
    const auto begin = std::chrono::steady_clock::now();
    const Ids ids = tiny().encode(text);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    CHECK(tiny().decode(ids) == text);
    CHECK(seconds.count() < 30);  // measured 0.1 to 0.4 in a release build; quadratic time would be an hour
  }
}

TEST_CASE("tidying removes the spaces that Hugging Face removes") {
  CHECK(clean_up_tokenization_spaces("") == "");
  CHECK(clean_up_tokenization_spaces("x . y , do n't ? it 's ! we 've a ' b") == "x. y, don't? it's! we've a'b");
  CHECK(clean_up_tokenization_spaces(" . . a .5") == ".. a.5");
}
