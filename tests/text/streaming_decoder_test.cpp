#include "sharpeye/text/streaming_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/unicode.hpp"
#include "text/generated_text.hpp"

using namespace sharpeye;

TEST_CASE("a character is held back until its last byte is there") {
  const BpeTokenizer tokenizer = BpeTokenizer::load(test::fixture("text/tiny"));
  StreamingDecoder decoder(tokenizer);
  const auto llama = tokenizer.encode("\U0001F999", {false, false});
  REQUIRE(llama.size() == 4);  // one token a byte
  CHECK(decoder.push(llama[0]) == "");
  CHECK(decoder.push(tokenizer.eos_id()) == "");
  CHECK(decoder.push(llama[1]) == "");
  CHECK(decoder.push(llama[2]) == "");
  CHECK(decoder.push(llama[3]) == "\U0001F999");
  CHECK(decoder.finish() == "");
  CHECK(decoder.push(llama[0]) == "");
  CHECK(decoder.push(tokenizer.token_to_id("a").value()) == "\uFFFDa");
  CHECK(decoder.push(llama[0]) == "");
  CHECK_THROWS_AS(decoder.push(600), Error);
  CHECK(decoder.push(llama[1]) == "");
  CHECK(decoder.finish() == "\uFFFD");
  CHECK(decoder.finish() == "");
}

TEST_CASE("streamed text is UTF-8 at every step, and all of it is what decode gives") {
  const BpeTokenizer tokenizer = BpeTokenizer::load(test::fixture("text/tiny"));
  const test::TextGenerator generator;
  for (std::uint64_t number = 0; number < 5000; ++number) {
    const bool skip_special = number % 2 == 0;
    const auto ids = number % 3 == 0 ? tokenizer.encode(generator.text(number)) : generator.ids(number, 600);
    StreamingDecoder decoder(tokenizer, skip_special);
    std::string text;
    for (const std::int32_t id : ids) {
      const std::string part = decoder.push(id);
      std::string valid;
      REQUIRE(append_valid_utf8(part, valid) == part.size());
      REQUIRE(valid == part);
      text += part;
    }
    REQUIRE(text + decoder.finish() == tokenizer.decode(ids, skip_special));
  }
}
