#include "sharpeye/training/lexicon.hpp"

#include <doctest/doctest.h>

#include "training/lexicon_fixture.hpp"

using namespace sharpeye;
using namespace sharpeye::training;
using Texts = std::vector<std::string>;

namespace {

/// "size:big" and so on for each element found.
Texts found(const std::string& caption) {
  const auto words = caption_words(caption);
  Texts names;
  for (const LexiconMatch& match : test::small_lexicon().find(words)) {
    const LexiconGroup& group = test::small_lexicon().groups().at(match.group);
    names.push_back(concat(group.name, ":", group.alternatives.at(match.alternative).front(), "@", match.first_word,
                           "+", match.num_words));
  }
  return names;
}

void refused(const std::string& json, const std::string& part) {
  try {
    const Lexicon lexicon(parse_json(json, "test"), "lexicon.json");
    FAIL("accepted " << json);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kConfig);
    CHECK_MESSAGE(std::string(error.what()).find(part) != std::string::npos, error.what() << "\nhas no " << part);
  }
}

}  // namespace

TEST_CASE("words of a caption") {
  CHECK(word_texts(caption_words("A red-ish ring, it's \"BIG\" -- (100%)  \xC3\x89t\xC3\xA9.\n")) ==
        Texts{"a", "red-ish", "ring", "it's", "big", "100", "\xC3\x89t\xC3\xA9"});
  CHECK(caption_words("").empty());
  CHECK(caption_words(" ... \xff\xfe !").empty());
  const std::string caption = " Two, (three) four - five";
  const auto words = caption_words(caption);
  REQUIRE(words.size() == 4);
  CHECK(caption.substr(words[1].begin, words[1].end - words[1].begin) == "three");
  CHECK(words[0].begins_phrase);
  CHECK(words[1].begins_phrase);
  CHECK(words[2].begins_phrase);  // behind the bracket
  CHECK(words[3].begins_phrase);  // behind the dash
  CHECK_FALSE(caption_words("one two")[1].begins_phrase);
}

TEST_CASE("elements are the longest on word boundaries") {
  CHECK(found("A Large red disc to the left of a ring, upright.") == Texts{"size:big@1+1", "colour:red@2+1",
                                                                           "shape:circle@3+1", "relation:left of@4+4",
                                                                           "shape:ring@9+1", "pose:standing@10+1"});
  CHECK(found("a ring left of it") == Texts{"shape:ring@1+1", "relation:left of@2+2"});
  CHECK(found("a ring on the left, of course") == Texts{"shape:ring@1+1"});
  CHECK(found("rings bigger redder circle's to the left").empty());
  CHECK(found("").empty());
  const auto kinds = test::small_lexicon().kinds(caption_words("a big ring above it"));
  CHECK(kinds == std::vector<ElementKind>{ElementKind::kOther, ElementKind::kAttribute, ElementKind::kEntity,
                                          ElementKind::kRelation, ElementKind::kOther});
}

TEST_CASE("malformed lexicons are refused by place") {
  const auto groups = [](const std::string& text) { return "{\"groups\": [" + text + "]}"; };
  const std::string good = R"({"kind": "entity", "name": "a", "words": [["x"], ["y"]]})";
  CHECK(Lexicon(parse_json(groups(good), "test")).groups().size() == 1);
  refused("[]", "lexicon.json: expected a JSON object");
  refused("{}", "lexicon.json: groups: expected a list of 1 or more");
  refused(groups(""), "groups: expected a list of 1");
  refused(groups("1"), "lexicon.json: groups[0]");
  refused(groups(R"({"kind": "other", "name": "a", "words": [["x"], ["y"]]})"), "groups[0]: kind: expected one of");
  refused(groups(R"({"kind": "entity", "words": [["x"], ["y"]]})"), "groups[0]: name");
  refused(groups(R"({"kind": "entity", "name": "a", "words": [["x"]]})"), "groups[0]: words: expected a list of 2");
  refused(groups(R"({"kind": "entity", "name": "a", "words": {"x": "y"}})"), "words: expected a list");
  refused(groups(R"({"kind": "entity", "name": "a", "words": [["x"], []]})"), "groups[0]: words[1]: expected a list");
  refused(groups(R"({"kind": "entity", "name": "a", "words": [["x"], "y"]})"), "groups[0]: words[1]");
  refused(groups(R"({"kind": "entity", "name": "a", "words": [["x"], [1]]})"), "words[1]: expected texts");
  for (const char* word : {"", " x", "x  y", "X", "x.", "."}) {
    refused(groups(concat(R"({"kind": "entity", "name": "a", "words": [["z"], [")", word, "\"]]}")), "in lower case");
  }
  refused(groups(R"({"kind": "entity", "name": "a", "words": [["x"], ["y", "x"]]})"), "\"x\" has come before");
  refused(groups(good + "," + good), "groups[1]: expected a name of its own, actual \"a\"");
  refused(groups(good + R"(, {"kind": "entity", "name": "b", "words": [["z"], ["y"]]})"), "groups[1]: words[1]");
  CHECK_THROWS_AS(Lexicon::load("/nowhere"), Error);
}
