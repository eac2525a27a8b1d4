#include "sharpeye/training/perturber.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "support/json_paths.hpp"
#include "training/lexicon_fixture.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

const std::string kCaption = "A small red circle to the left of an orange square, lying.";

PerturberOptions edits(std::size_t count) {
  PerturberOptions options;
  options.edit_weights.assign(count + 1, 0);
  options.edit_weights[count] = 1;
  return options;
}

std::size_t group_index(const std::string& name) {
  const auto& groups = test::small_lexicon().groups();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].name == name) return i;
  }
  return groups.size();
}

std::size_t alternative_of(const LexiconGroup& group, const std::string& word) {
  for (std::size_t i = 0; i < group.alternatives.size(); ++i) {
    for (const std::string& synonym : group.alternatives[i]) {
      if (synonym == word) return i;
    }
  }
  return group.alternatives.size();
}

}  // namespace

TEST_CASE("edits exchange distinct elements for other alternatives of their groups") {
  const Perturber perturber(test::small_lexicon());
  const auto truth = word_texts(caption_words(kCaption));
  Random random(1);
  std::map<std::size_t, int> counts;
  for (int i = 0; i < 4000; ++i) {
    const PseudoCaption pseudo = perturber.perturb(kCaption, random);
    ++counts[pseudo.edits.size()];
    // Undoing the edits from the right gives the true words, but for the articles.
    auto words = word_texts(caption_words(pseudo.text));
    std::size_t end = truth.size();
    for (std::size_t e = pseudo.edits.size(); e-- > 0;) {
      const CaptionEdit& edit = pseudo.edits[e];
      const LexiconGroup& group = test::small_lexicon().groups()[group_index(edit.group)];
      REQUIRE(group.kind == edit.kind);
      REQUIRE(alternative_of(group, edit.from) != alternative_of(group, edit.to));
      REQUIRE(alternative_of(group, edit.to) < group.alternatives.size());
      const auto from = word_texts(caption_words(edit.from)), to = word_texts(caption_words(edit.to));
      REQUIRE(edit.first_word + from.size() <= end);  // distinct, in order
      end = edit.first_word;
    }
    for (const CaptionEdit& edit : pseudo.edits) {
      const auto from = word_texts(caption_words(edit.from)), to = word_texts(caption_words(edit.to));
      const auto at = words.begin() + static_cast<std::ptrdiff_t>(edit.first_word);
      REQUIRE(std::equal(to.begin(), to.end(), at));
      words.insert(words.erase(at, at + static_cast<std::ptrdiff_t>(to.size())), from.begin(), from.end());
    }
    REQUIRE(words.size() == truth.size());
    for (std::size_t w = 0; w < words.size(); ++w) {
      const bool is_article = truth[w] == "a" || truth[w] == "an";
      REQUIRE((words[w] == truth[w] || (is_article && (words[w] == "a" || words[w] == "an"))));
    }
    REQUIRE(pseudo.text.back() == '.');
    if (pseudo.edits.empty()) REQUIRE(pseudo.text == kCaption);
  }
  CHECK(counts.size() == 4);
  for (const auto& [count, times] : counts) CHECK_MESSAGE(std::abs(times - 1000) < 5 * 28, count << " edits " << times);
}

TEST_CASE("the paper's draws: uniform over kinds, then words") {
  const Perturber perturber(test::small_lexicon(), edits(1));
  Random random(2);
  std::map<ElementKind, int> kinds;
  std::map<std::string, int> colours;
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) {
    const PseudoCaption pseudo = perturber.perturb(kCaption, random);
    REQUIRE(pseudo.edits.size() == 1);
    const CaptionEdit& edit = pseudo.edits[0];
    ++kinds[edit.kind];
    if (edit.from == "circle") ++colours[edit.to];
  }
  for (const ElementKind kind : kElementKinds) {
    const int expected = kind == ElementKind::kOther ? 0 : kDraws / 4;
    CHECK_MESSAGE(std::abs(kinds[kind] - expected) < 5 * 39, to_string(kind) << " " << kinds[kind]);
  }
  CHECK(colours.size() == 3);  // square, oval, ring
  for (const auto& [word, times] : colours) CHECK_MESSAGE(std::abs(times - 1000 / 3) < 5 * 18, word << " " << times);
}

TEST_CASE("the same seed gives the same drafts, another one others") {
  const Perturber perturber(test::small_lexicon());
  std::set<std::string> drafts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random a(7, seed), b(7, seed);
    const PseudoCaption first = perturber.perturb(kCaption, a), second = perturber.perturb(kCaption, b);
    CHECK(first.text == second.text);
    CHECK(a.state() == b.state());
    drafts.insert(first.text);
  }
  CHECK(drafts.size() > 25);
  // Seed and stream say it all, on every platform.
  Random random(7, 3);
  CHECK(perturber.perturb(kCaption, random).text == "A small red circle above an orange square, lying.");
}

TEST_CASE("articles and capitals follow") {
  const Perturber perturber(test::small_lexicon(), edits(1));
  std::set<std::string> drafts;
  Random random(3);
  for (int i = 0; i < 300; ++i) drafts.insert(perturber.perturb("An oval.", random).text);
  CHECK(drafts == std::set<std::string>{"A circle.", "A disc.", "A square.", "A ring."});
  drafts.clear();
  for (int i = 0; i < 300; ++i) drafts.insert(perturber.perturb("Blue is a red", random).text);
  CHECK(drafts == std::set<std::string>{"Red is a red", "Orange is a red", "Blue is an orange", "Blue is a blue"});
  drafts.clear();
  for (int i = 0; i < 300; ++i) drafts.insert(perturber.perturb("Lying, a, ring", random).text);
  CHECK(drafts == std::set<std::string>{"Standing, a, ring", "Upright, a, ring", "Lying, a, circle", "Lying, a, disc",
                                        "Lying, a, square", "Lying, a, oval"});
  for (const char* word : {"oval", "orange", "upright", "hour", "unimportant", "ellipse"}) CHECK(takes_an(word));
  for (const char* word : {"ring", "unicorn", "useful", "one-eyed", "european", "house", ""})
    CHECK_FALSE(takes_an(word));
}

TEST_CASE("where there are fewer elements than edits all are exchanged") {
  const Perturber perturber(test::small_lexicon(), edits(3));
  Random random(4);
  CHECK(perturber.perturb("a red ring", random).edits.size() == 2);
  CHECK(perturber.perturb("nothing known", random).text == "nothing known");
  CHECK(perturber.perturb("", random).text.empty());
}

TEST_CASE("confusions are counted from aligned drafts") {
  ConfusionCounts confusions(test::small_lexicon());
  const std::size_t shape = group_index("shape"), colour = group_index("colour"), relation = group_index("relation");
  CHECK(confusions.probability(shape, 0, 1) == doctest::Approx(0.25));
  confusions.add("A red circle left of a big ring.", "a red square above a large ring");
  CHECK(confusions.count(shape, 0, 1) == 1);                // circle: square
  CHECK(confusions.count(shape, 3, 3) == 1);                // ring: ring
  CHECK(confusions.count(colour, 0, 0) == 1);               // red: red
  CHECK(confusions.count(relation, 0, 1) == 1);             // left of: above
  CHECK(confusions.count(group_index("size"), 1, 1) == 1);  // big: large
  CHECK(confusions.probability(shape, 0, 1) == doctest::Approx(0.4));
  CHECK(confusions.probability(shape, 0, 0) == doctest::Approx(0.2));
  confusions.add("a circle above a disc", "a disc above it");  // synonyms; the missing one counts nowhere
  CHECK(confusions.count(shape, 0, 0) == 1);
  confusions.add("a blue thing", "a big thing");  // not of one group
  CHECK(confusions.count(colour, 2, 2) == 0);

  const Json json = parse_json(confusions.to_json().dump(), "test");
  const auto again = ConfusionCounts::from_json(test::small_lexicon(), json);
  CHECK(again.to_json() == json);
  CHECK(again.count(shape, 0, 1) == 1);
  for (const char* pointer : {"/shape", "/shape/0", "/shape/0/0"}) {
    for (const char* bad : {"[]", "[1]", "-1", "\"x\"", "1.5", "null"}) {
      Json broken = json;
      test::at_path(broken, pointer) = parse_json(bad, "test");
      CHECK_THROWS_AS(ConfusionCounts::from_json(test::small_lexicon(), broken), Error);
    }
  }
  CHECK_THROWS_AS(ConfusionCounts::from_json(test::small_lexicon(), Json::object()), Error);
  CHECK_THROWS_AS(ConfusionCounts::from_json(test::small_lexicon(), Json::list()), Error);
}

TEST_CASE("drafts along the confusions make the captioner's mistakes") {
  ConfusionCounts confusions(test::small_lexicon());
  for (int i = 0; i < 1000; ++i) confusions.add("a red circle", i % 2 == 0 ? "a red oval" : "a red circle");
  Random random(5);
  PerturberOptions options = edits(1);
  std::map<std::string, int> said;
  const Perturber confused(test::small_lexicon(), options, &confusions);
  for (int i = 0; i < 1000; ++i) ++said[confused.perturb("a red circle", random).edits.at(0).to];
  CHECK(said["oval"] > 970);  // 501 / 1004 against 2 / 1004 for red and 2 / 1004 for the other shapes
  options.confusion_share = 0.5;
  said.clear();
  const Perturber mixed(test::small_lexicon(), options, &confusions);
  for (int i = 0; i < 4000; ++i) ++said[mixed.perturb("a red circle", random).edits.at(0).to];
  CHECK(std::abs(said["oval"] - 4000 * (0.5 * 0.992 + 0.5 / 6)) < 5 * 32);
  CHECK(std::abs(said["blue"] - 4000 * (0.5 / 4)) < 5 * 22);
}

TEST_CASE("options that cannot be are refused") {
  PerturberOptions options;
  for (const std::vector<double>& weights : {std::vector<double>{}, {0, 0}, {-1, 2}, {std::nan("")}, {INFINITY}}) {
    options.edit_weights = weights;
    CHECK_THROWS_AS(Perturber(test::small_lexicon(), options), Error);
  }
  options = {};
  for (const double share : {-0.1, 1.1, std::nan("")}) {
    options.confusion_share = share;
    CHECK_THROWS_AS(Perturber(test::small_lexicon(), options), Error);
  }
}
