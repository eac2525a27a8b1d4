#include "sharpeye/training/drafts.hpp"

#include <doctest/doctest.h>

#include "sharpeye/core/file.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

constexpr char kWords[] = R"({"groups": [{"kind": "attribute", "name": "colour", "words": [["red"], ["green"]]}]})";

Dataset two_images() {
  Dataset data;
  data.images.push_back({"a.png", "a", {"a red cat", "the red cat"}, {{"a green cat"}, {"the cow", "no cat"}}});
  data.images.push_back({"b.png", "b", {"a green dog"}, {{"a red dog"}}});
  return data;
}

StageOptions options_of(const std::string& kind, const test::TemporaryFolder& folder) {
  StageOptions options;
  options.stage = "refine";
  options.drafts = kind;
  options.data = folder.path();
  options.trainer.output = folder / "out";
  return options;
}

}  // namespace

TEST_CASE("drafts that need no model: edits, captions of other images, those that are given") {
  const test::TemporaryFolder folder;
  write_file(folder / "lexicon.json", kWords);
  const Dataset data = two_images();
  const auto drafts_of = [&](const StageOptions& options) {
    Drafts drafts(options, data);
    drafts.prepare(nullptr, 1, {});
    std::vector<std::string> texts;
    for (std::uint64_t k = 0; k < 20; ++k) texts.push_back(drafts(0, 1, 1, k).text);
    CHECK(drafts(0, 1, 1, 3).text == texts[3]);
    CHECK(drafts(0, 1, 1, 3).caption == 1);
    return texts;
  };
  const StageOptions uniform = options_of("uniform", folder), far = options_of("far", folder),
                     given = options_of("given", folder);
  int edited = 0;
  for (const std::string& text : drafts_of(uniform)) {
    CHECK((text == "the red cat" || text == "the green cat"));
    edited += text == "the green cat" ? 1 : 0;
  }
  CHECK(edited > 5);
  for (const std::string& text : drafts_of(far)) CHECK(text == "a green dog");
  const auto own = drafts_of(given);
  CHECK(own[0] == "the cow");
  CHECK(own[1] == "no cat");
  CHECK(own[2] == "the cow");
}

TEST_CASE("what drafts need is opened when they are made") {
  const test::TemporaryFolder folder;
  Dataset data = two_images();
  const auto refused = [&](const std::string& kind, const char* part) {
    const StageOptions options = options_of(kind, folder);
    CHECK_THROWS_WITH_AS(Drafts(options, data), doctest::Contains(part), Error);
  };
  for (const char* kind : {"uniform", "confusion", "mixed"}) refused(kind, "lexicon.json");
  refused("unifrom", "did you mean \"uniform\"?");
  data.images[1].pseudo[0].clear();
  refused("given", "b.png: \"pseudo\": expected a draft of each caption");
  data.images.pop_back();
  refused("far", "expected two images or more");
}

TEST_CASE("drafts come in over the warm-up, and seeds differ between stages") {
  StageOptions options;
  options.trainer.optimization.steps = 100;
  options.draft_dropout = 0.2;
  options.draft_warmup = 0.5;
  CHECK(options.dropout_at(0) == 1);
  CHECK(options.dropout_at(25) == doctest::Approx(0.6));
  CHECK(options.dropout_at(50) == doctest::Approx(0.2));
  CHECK(options.dropout_at(99) == doctest::Approx(0.2));
  StageOptions other = options;
  options.stage = "caption";
  other.stage = "refine";
  CHECK(options.run_seed() != other.run_seed());
  CHECK(other.kind() == Stage::kRefine);
  other.stage = "look";
  CHECK_THROWS_AS(other.kind(), Error);
}
