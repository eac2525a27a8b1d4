#include "sharpeye/text/prompt.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sharpeye/text/bpe_tokenizer.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using Ids = std::vector<std::int32_t>;

namespace {

const BpeTokenizer& tokenizer() {
  static const BpeTokenizer tiny = BpeTokenizer::load(test::fixture("text/tiny"));
  return tiny;
}

Ids chunks(const std::string& before, const std::string& after) {
  Ids ids = tokenizer().encode(before, {true, false});
  ids.push_back(kImageToken);
  for (const std::int32_t id : tokenizer().encode(after, {false, false})) ids.push_back(id);
  return ids;
}

}  // namespace

TEST_CASE("a prompt is bos, the text before the image, the image, the text after it") {
  const auto prompt = PromptTemplate("USER: <image>What is in the photo? ASSISTANT:").tokenize(tokenizer());
  CHECK(prompt.ids == chunks("USER: ", "What is in the photo? ASSISTANT:"));
  CHECK(prompt.ids.at(prompt.image_position) == kImageToken);
  CHECK(PromptTemplate("<image>").tokenize(tokenizer()).ids == Ids{2, kImageToken});
}

TEST_CASE("the initial caption is stripped and put in its places") {
  const PromptTemplate refine("<image>{initial}");
  CHECK(refine.uses_initial());
  CHECK_FALSE(PromptTemplate("<image>{init}").uses_initial());
  CHECK(refine.tokenize(tokenizer(), " A small dog.\n").ids == chunks("", "A small dog."));
  CHECK(refine.tokenize(tokenizer()).ids == Ids{2, kImageToken});
  CHECK(PromptTemplate("{initial}|{initial}<image> {initial}").tokenize(tokenizer(), "ab").ids ==
        chunks("ab|ab", " ab"));
}

TEST_CASE("a caption is data: nothing in it is markup") {
  const std::string caption = "a <image> </s> <mask> {initial} \xFF";
  const Ids ids = PromptTemplate("{initial}<image>{initial}").tokenize(tokenizer(), caption).ids;
  CHECK(ids == chunks(caption, caption));
  CHECK(std::count(ids.begin(), ids.end(), kImageToken) == 1);
  CHECK(std::count(ids.begin(), ids.end(), 2) == 1);
}

TEST_CASE("a template with special tokens means them, and its caption still does not") {
  const PromptTemplate chat("</s>USER: <image>{initial}</s> more", "prompt", PromptText::kWithSpecialTokens);
  Ids expected = tokenizer().encode("</s>USER: ", {true, true});
  expected.push_back(kImageToken);
  for (const std::int32_t id : tokenizer().encode("a </s>", {false, false})) expected.push_back(id);
  for (const std::int32_t id : tokenizer().encode("</s> more", {false, true})) expected.push_back(id);
  const Ids ids = chat.tokenize(tokenizer(), "a </s>").ids;
  CHECK(ids == expected);
  CHECK(std::count(ids.begin(), ids.end(), 2) == 3);
  CHECK(PromptTemplate("ab<image>", "prompt", PromptText::kWithSpecialTokens).tokenize(tokenizer()).ids ==
        PromptTemplate("ab<image>").tokenize(tokenizer()).ids);
}

TEST_CASE("a template needs exactly one image") {
  for (const char* text : {"", "USER: ", "<image", "<image><image>", "<image> and <image>"}) {
    CAPTURE(text);
    try {
      const PromptTemplate prompt(text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kConfig);
      CHECK(std::string(error.what()).find("<image> once") != std::string::npos);
    }
  }
}
