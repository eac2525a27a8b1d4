#include "sharpeye/training/correction.hpp"
#include "sharpeye/training/word_alignment.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sharpeye/core/random.hpp"
#include "training/lexicon_fixture.hpp"

using namespace sharpeye;
using namespace sharpeye::training;
using Texts = std::vector<std::string>;

namespace {

/// The Levenshtein distance by its recursion.
Index distance(const std::string& a, const std::string& b, std::size_t i, std::size_t j) {
  if (i == 0 || j == 0) return static_cast<Index>(i + j);
  return std::min({distance(a, b, i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1), distance(a, b, i - 1, j) + 1,
                   distance(a, b, i, j - 1) + 1});
}

}  // namespace

TEST_CASE("alignments are cheapest and in order") {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::string a(random.below(7), ' '), b(random.below(7), ' ');
    for (char& c : a) c = static_cast<char>('a' + random.below(3));
    for (char& c : b) c = static_cast<char>('a' + random.below(3));
    const std::vector<char> reference(a.begin(), a.end()), other(b.begin(), b.end());
    const WordAlignment alignment = align_words(reference, other);
    CHECK(alignment.edits == distance(a, b, a.size(), b.size()));
    Index last = -1, paired = 0, cost = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const Index partner = alignment.partner[i];
      if (partner == WordAlignment::kMissing) continue;
      REQUIRE(partner > last);
      last = partner;
      ++paired;
      cost += a[i] == b[static_cast<std::size_t>(partner)] ? 0 : 1;
    }
    const auto both = static_cast<Index>(a.size() + b.size());
    CHECK(alignment.edits == cost + both - 2 * paired);  // it accounts for all that is left out
  }
}

TEST_CASE("substitutions are preferred, and ties are settled from the end") {
  using Words = std::vector<std::string>;
  CHECK(align_words(Words{"a", "b"}, Words{"c", "d"}).partner == std::vector<Index>{0, 1});
  CHECK(align_words(Words{"a", "b"}, Words{"x"}).partner == std::vector<Index>{-1, 0});
  CHECK(align_words(Words{"a"}, Words{"x", "y"}).partner == std::vector<Index>{1});
  CHECK(align_words(Words{"a", "a"}, Words{"a"}).partner == std::vector<Index>{-1, 0});
  CHECK(align_words(Words{}, Words{"a"}).edits == 1);
}

TEST_CASE("right words and exact captions") {
  const Texts references = {"A big red ring.", "one large ring"};
  CHECK(word_accuracy(references, "a BIG red ring!") == 1);
  CHECK(word_accuracy(references, "a big blue ring") == 0.75);
  CHECK(word_accuracy(references, "a big ring") == 0.75);
  CHECK(word_accuracy(references, "large ring") == doctest::Approx(2.0 / 3));
  CHECK(word_accuracy(references, "a big red ring ring ring") == 1);  // what is too much is not wrong
  CHECK(word_accuracy({"..."}, "x") == 1);
  CHECK(is_exact(references, "One large ring"));
  CHECK_FALSE(is_exact(references, "a big red ring ring"));
  CHECK(nearest_reference(references, "large") == 1);
  CHECK(nearest_reference({"a b", "b a"}, "c") == 0);  // the first of equals
  CHECK_THROWS_AS(word_accuracy({}, "x"), Error);
  CHECK_FALSE(is_exact({}, "x"));
}

TEST_CASE("correction and damage by kind of word") {
  CorrectionRates rates(&test::small_lexicon());
  // Wrong in the draft: big, ring, red. Put right: ring. Spoiled: circle.
  rates.add({"a big blue ring left of a red circle"}, "a small blue oval left of a circle",
            "a small blue ring left of a square");
  const WordFates entity = rates.of(ElementKind::kEntity), attribute = rates.of(ElementKind::kAttribute);
  CHECK(entity.corrected == 1);
  CHECK(entity.damaged == 1);
  CHECK(entity.total() == 2);
  CHECK(entity.correction() == 1);
  CHECK(entity.damage() == 1);
  CHECK(attribute.left_wrong == 2);
  CHECK(attribute.kept == 1);
  CHECK(rates.of(ElementKind::kRelation).kept == 2);
  CHECK(rates.of(ElementKind::kOther).kept == 2);
  CHECK(rates.of(ElementKind::kAction).total() == 0);
  CHECK(rates.of(ElementKind::kAction).correction() == 0);
  CHECK(rates.all().total() == 9);
  CHECK(rates.all().correction() == doctest::Approx(1.0 / 3));
  CHECK(rates.all().damage() == doctest::Approx(1.0 / 6));
  CHECK(rates.all().draft_accuracy() == doctest::Approx(6.0 / 9));
  CHECK(rates.all().refined_accuracy() == doctest::Approx(6.0 / 9));
  CHECK(rates.changed() == 1);

  rates.add({"a big ring", "a ring"}, "a ring", "A ring.");  // the second reference is the nearest
  CHECK(rates.all().total() == 11);
  CHECK(rates.captions() == 2);
  CHECK(rates.changed() == 1);
  CHECK(rates.draft_exact() == 1);
  CHECK(rates.refined_exact() == 1);
  CHECK_THROWS_AS(rates.add({}, "x", "x"), Error);
}

TEST_CASE("a refinement that copies corrects nothing, a perfect one all") {
  CorrectionRates copying, perfect;
  for (const char* draft : {"a red ring", "a blue ring left of it", "", "no"}) {
    copying.add({"a blue circle"}, draft, draft);
    perfect.add({"a blue circle"}, draft, "a blue circle");
  }
  CHECK(copying.all().correction() == 0);
  CHECK(copying.all().damage() == 0);
  CHECK(copying.changed() == 0);
  CHECK(perfect.all().correction() == 1);
  CHECK(perfect.all().damage() == 0);
  CHECK(perfect.all().refined_accuracy() == 1);
  CHECK(perfect.of(ElementKind::kOther).total() == perfect.all().total());  // without a lexicon
}
