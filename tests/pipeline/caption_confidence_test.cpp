// How sure a model was of a caption: tokens, words and the mean.

#include "sharpeye/pipeline/caption_confidence.hpp"

#include <cmath>

#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

namespace {

/// A tokenizer of the given pieces; the first one is special.
class Pieces final : public Tokenizer {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::string_view token_bytes(std::int32_t id) const override { return pieces_.at(static_cast<std::size_t>(id)); }
  std::optional<std::int32_t> token_to_id(std::string_view) const override { return std::nullopt; }
  std::string id_to_token(std::int32_t id) const override { return pieces_.at(static_cast<std::size_t>(id)); }
  std::int32_t vocab_size() const noexcept override { return static_cast<std::int32_t>(pieces_.size()); }
  std::int32_t bos_id() const noexcept override { return kNoToken; }
  std::int32_t eos_id() const noexcept override { return 0; }
  std::int32_t pad_id() const noexcept override { return kNoToken; }
  bool is_special(std::int32_t id) const noexcept override { return id == 0; }

 private:
  void append_ids(std::string_view, const EncodeOptions&, std::vector<std::int32_t>&) const override {}

  std::vector<std::string> pieces_;
};

/// "word:probability" of each word; the tokens have the probabilities 1/2, 1/4, 1/8 ...
std::string words_of(const std::vector<std::string>& pieces, std::size_t text_end = std::string::npos) {
  std::vector<std::string> all{"</s>"};
  all.insert(all.end(), pieces.begin(), pieces.end());
  const Pieces tokenizer(all);
  GeneratedSequence sequence;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    sequence.ids.push_back(pieces[i] == "</s>" ? 0 : static_cast<std::int32_t>(i + 1));
    sequence.log_probabilities.push_back(static_cast<float>(-std::log(2.0) * static_cast<double>(i + 1)));
  }
  std::string text;
  for (const WordProbability& word : word_probabilities(tokenizer, sequence, text_end)) {
    text += concat(text.empty() ? "" : " ", word.word, ":1/", std::lround(1 / word.probability));
  }
  return text;
}

}  // namespace

TEST_CASE("a word has the product of its tokens' probabilities") {
  CHECK(words_of({"a", " dog", "</s>"}) == "a:1/2 dog:1/4");
  CHECK(words_of({" a", " d", "og", ".", "</s>"}) == "a:1/2 dog.:1/512");  // 4 * 8 * 16
  CHECK(words_of({"a", " ", "dog"}) == "a:1/2 dog:1/32");                  // the space counts for what follows
  CHECK(words_of({"a b", " c"}) == "a:1/2 b:1/2 c:1/4");                   // one token, two words
  CHECK(words_of({"a", "b c", "d"}) == "ab:1/8 cd:1/32");                  // it ends a word and begins one
  CHECK(words_of({"caf", "\xC3", "\xA9", "!"}) == "caf\xC3\xA9!:1/1024");  // a character in two tokens
  CHECK(words_of({"</s>"}).empty());
  CHECK(words_of({}).empty());
  CHECK(words_of({"one", " two", "\nthree"}, 7) == "one:1/2 two:1/4");  // a stop string begins at 7
  CHECK(words_of({"one", " two###", " three"}, 7) == "one:1/2 two:1/4");
}

TEST_CASE("the mean, and what has none") {
  CaptionConfidence confidence;
  CHECK(std::isnan(confidence.mean_log_probability()));
  CHECK(std::isnan(confidence.value()));
  CHECK(confidence.reaches(1));  // given, not guessed
  confidence.log_probabilities = {-1.0f, -3.0f};
  CHECK(confidence.mean_log_probability() == -2);
  CHECK(confidence.value() == doctest::Approx(std::exp(-2.0)));
  CHECK(confidence.reaches(0.13));
  CHECK(!confidence.reaches(0.14));
}

TEST_CASE("both captions say how sure they are, however they are decoded") {
  ThreadPool pool(2);
  for (const char* name : {"mmser_self_attention_tiny", "mmser_query_decoder_tiny"}) {
    CAPTURE(name);
    Captioner captioner(CaptionModel::load(test::fixture(std::string("models/") + name)), pool);
    const Image image = read_image(test::fixture(std::string("models/") + name + "/image.png"), StbImageDecoder{});
    CaptionOptions greedy;
    greedy.generation = captioner.model().generation();
    greedy.generation->num_beams = 1;
    CaptionOptions plain = greedy, stopped = greedy, single;
    plain.verify_draft = false;
    single.ablation = Ablation::kSinglePass;
    const Caption beams = captioner(image), drafted = captioner(image, greedy), stepped = captioner(image, plain);
    for (const Caption* caption : {&beams, &drafted, &stepped}) {
      for (const bool refined : {false, true}) {
        const auto& confidence = refined ? caption->refined_confidence : caption->initial_confidence;
        const auto& ids = refined ? caption->refined_ids : caption->initial_ids;
        REQUIRE(confidence.log_probabilities.size() == ids.size());
        for (const float value : confidence.log_probabilities) CHECK(value <= 1e-6f);
        CHECK(confidence.value() > 0);
        std::string joined;
        for (const WordProbability& word : confidence.words) {
          CHECK(word.probability <= 1 + 1e-6);
          joined += word.word;
        }
        std::string text;
        for (const char c : refined ? caption->refined : caption->initial) {
          if (c != ' ' && (c < '\t' || c > '\r')) text += c;
        }
        CHECK(joined == text);
      }
    }
    REQUIRE(drafted.refined_ids == stepped.refined_ids);
    for (std::size_t i = 0; i < stepped.refined_ids.size(); ++i) {
      CHECK(std::fabs(drafted.refined_confidence.log_probabilities[i] -
                      stepped.refined_confidence.log_probabilities[i]) < 1e-4f);
    }

    CaptionOptions given;
    given.initial = "two dogs";
    given.rounds = 0;
    CHECK(captioner(image, given).refined_confidence.log_probabilities.empty());
    given.rounds = 1;
    CHECK(captioner(image, given).initial_confidence.words.empty());
    CHECK(captioner(image, given).refined_confidence.log_probabilities.size() > 0);
    const Caption once = captioner(image, single);
    CHECK(once.initial_confidence.log_probabilities.size() == once.initial_ids.size());
    CHECK(once.refined_confidence.value() == once.initial_confidence.value());
  }
}
