// The scores of 10,000 synthetic images against an independent implementation in Python, and cases by hand.

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "sharpeye/io/json.hpp"
#include "sharpeye/metrics/evaluate.hpp"
#include "sharpeye/metrics/ngrams.hpp"
#include "sharpeye/metrics/ptb_tokenizer.hpp"
#include "sharpeye/metrics/rouge_l.hpp"
#include "support/paths.hpp"
#include "synthetic_captions.hpp"

using namespace sharpeye;

namespace {

constexpr double kTolerance = 1e-9;

std::map<std::string, MetricScores> by_name(const CaptionScores& scores) {
  return {{"Bleu_1", scores.bleu[0]}, {"Bleu_2", scores.bleu[1]},  {"Bleu_3", scores.bleu[2]},
          {"Bleu_4", scores.bleu[3]}, {"ROUGE_L", scores.rouge_l}, {"CIDEr", scores.cider},
          {"CIDEr-D", scores.cider_d}};
}

bool is_near(double actual, double expected, double tolerance = kTolerance) {
  return std::abs(actual - expected) <= tolerance;
}

CaptionTokens words(const std::string& text) {
  return caption_tokens(text);
}

CaptionScores score(const std::vector<std::string>& references, const std::string& candidate) {
  return evaluate(std::vector<ImageToScore>{{"1", references, candidate}});
}

std::string refusal(const std::vector<ImageToScore>& images) {
  try {
    evaluate(images);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("10,000 synthetic images score as in Python") {
  const Json golden = read_json_file(test::fixture("metrics/scores.json"), 1 << 20);
  std::vector<TokenizedImage> images;
  for (std::uint64_t i = 0; i < golden["images"].get<std::uint64_t>(); ++i) images.push_back(test::synthetic_image(i));

  for (const auto& [size, expected] : golden["corpus"].items()) {
    const auto count = static_cast<std::ptrdiff_t>(std::stol(size));
    const std::vector<TokenizedImage> part(images.begin(), images.begin() + count);
    for (const auto& [name, scores] : by_name(evaluate(part))) {
      CHECK_MESSAGE(is_near(scores.corpus, expected[name].get<double>()),
                    name << " of " << size << " images: " << scores.corpus);
    }
  }

  const auto kept = golden["kept"].get<std::size_t>();
  for (const auto& [name, scores] : by_name(evaluate(images))) {
    REQUIRE(scores.images.size() == images.size());
    double sum = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
      sum += static_cast<double>(i * 7919 % 1000 + 1) / 1000 * scores.images[i];
      if (i % kept == 0)
        CHECK_MESSAGE(is_near(scores.images[i], golden["every"][name][i / kept].get<double>()), name << " " << i);
    }
    // Rounding alone may take sums of 10,000 numbers apart by more than 1e-9; one wrong image does so by far more.
    CHECK_MESSAGE(is_near(sum, golden["weighted_sum"][name].get<double>(), 1e-8), name << ": " << sum);
  }
}

TEST_CASE("a caption that equals a reference") {
  const CaptionScores scores =
      evaluate(std::vector<ImageToScore>{{"1", {"a dog on the grass", "one dog"}, "A dog on the grass."},
                                         {"2", {"two red cars here"}, "two red cars here"}});
  for (const MetricScores& bleu : scores.bleu) CHECK(is_near(bleu.corpus, 1, 1e-8));
  CHECK(is_near(scores.rouge_l.corpus, 1));
  CHECK(is_near(scores.cider.images[1], 10));
  CHECK(is_near(scores.cider_d.images[1], 10));
  CHECK(scores.cider.images[0] < 10);  // the other reference of the image is different
}

TEST_CASE("BLEU by hand") {
  // "the" is there 7 times, but 2 times in a reference: the example of the BLEU paper.
  const CaptionScores the =
      score({"the cat is on the mat", "there is a cat on the mat"}, "the the the the the the the");
  CHECK(is_near(the.bleu[0].corpus, 2.0 / 7));
  // Reference lengths 4 and 6 are equally close to 5: the shorter one counts, there is no penalty.
  CHECK(is_near(score({"a b c d", "a b c d e f"}, "a b c d e").bleu[0].corpus, 1));
  CHECK(is_near(score({"a b c d e f"}, "a b c").bleu[0].corpus, std::exp(1 - 6.0 / 3)));
  // The corpus' score is that of the sums: 3 of 4 words, not the mean of 1/1 and 2/3.
  const CaptionScores two = evaluate(std::vector<ImageToScore>{{"1", {"a"}, "a"}, {"2", {"a b c"}, "a b x"}});
  CHECK(is_near(two.bleu[0].corpus, 3.0 / 4));
  CHECK(is_near(two.bleu[0].images[1], 2.0 / 3));
  CHECK(score({"a b"}, "").bleu[0].corpus == 0);
  CHECK(score({"a b"}, "x y").bleu[3].corpus < 1e-5);
}

TEST_CASE("ROUGE-L by hand") {
  // Precision 2/2 from the second reference, recall 3/4 from the first... of a candidate of 5 words: 3/5.
  const double precision = 3.0 / 5, recall = 2.0 / 2;
  const double expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision);
  CHECK(is_near(score({"a x b c", "b d"}, "a b c e d").rouge_l.corpus, expected));
  CHECK(score({"a b"}, "c d").rouge_l.corpus == 0);
  CHECK(score({"a b"}, "").rouge_l.corpus == 0);
  CHECK(score({""}, "").rouge_l.corpus == 1);  // as in Python, where "".split(" ") is one word
  CHECK(longest_common_subsequence({}, {1, 2}) == 0);
  CHECK(longest_common_subsequence({1, 2, 3, 4, 1}, {3, 4, 1, 2, 1, 3}) == 3);
}

TEST_CASE("CIDEr by hand") {
  // Of one image every idf is log(1) = 0.
  CHECK(score({"a dog"}, "a dog").cider.corpus == 0);
  CHECK(score({"a dog"}, "a dog").cider_d.corpus == 0);
  // Only 1-grams: idf of a, b, c is log 2. Cosine of (1,1) and (1,0) is 1/sqrt(2); a fourth of it, times 10.
  const auto images = std::vector<ImageToScore>{{"1", {"a"}, "a b"}, {"2", {"b c"}, "x"}};
  const CaptionScores scores = evaluate(images);
  CHECK(is_near(scores.cider.images[0], 2.5 / std::sqrt(2)));
  CHECK(is_near(scores.cider_d.images[0], 2.5 / std::sqrt(2) * std::exp(-1.0 / 72)));  // one bigram longer
  CHECK(scores.cider.images[1] == 0);
  // Repeating a word: (3) against (1) is the same direction, but clipped it is a third; two bigrams more.
  const CaptionScores repeated = evaluate(std::vector<ImageToScore>{{"1", {"a"}, "a a a"}, {"2", {"b"}, "b"}});
  CHECK(is_near(repeated.cider.images[0], 2.5));
  CHECK(is_near(repeated.cider_d.images[0], 2.5 / 3 * std::exp(-4.0 / 72)));
}

TEST_CASE("CIDEr of one image is 0 by its formula") {
  const CaptionScores one = evaluate(std::vector<ImageToScore>{{"1", {"a red bus", "a bus"}, "a red bus"}});
  CHECK(one.cider.corpus == 0);
  CHECK(one.cider_d.corpus == 0);
  CHECK(one.rouge_l.corpus == 1);
}

TEST_CASE("n-grams are counted") {
  const NgramCorpus corpus({{{words("a b a b"), words("b a")}, words("a b c")}, {{words("b")}, words("")}});
  const auto& reference = corpus.images()[0].references[0];
  CHECK(reference.length() == 4);
  REQUIRE(reference.ngrams[0].size() == 2);
  REQUIRE(reference.ngrams[1].size() == 2);  // "a b" twice, "b a"
  CHECK(reference.ngrams[1][0].count + reference.ngrams[1][1].count == 3);
  CHECK(reference.ngrams[3].size() == 1);
  CHECK(corpus.document_frequency(reference.words[0]) == 1);
  CHECK(corpus.document_frequency(reference.words[1]) == 2);
  CHECK(corpus.document_frequency(corpus.images()[0].candidate.words[2]) == 0);  // "c" is in no reference
}

TEST_CASE("what cannot be scored is named") {
  CHECK(refusal({{"7", {"a"}, {}}}) == "image 7: expected a candidate, actual none");
  CHECK(refusal({{"7", {}, "a"}}) == "image 7: expected at least one reference, actual none");
  CHECK(refusal({{"7", {"a"}, "a"}, {"8", {"a"}, "a"}, {"7", {"b"}, "b"}}) ==
        "image 7: expected its id once, actual twice");
  CHECK(refusal({}) == "metrics: expected at least one image, actual none");
  CHECK_THROWS_AS(NgramCorpus({{{}, {"a"}}}), Error);
}
