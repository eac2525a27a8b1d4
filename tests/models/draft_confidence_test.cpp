// How sure the first glance is of a caption: levels, and their way from one tokenization to another.

#include "sharpeye/models/draft_confidence.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/naive.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/bpe_trainer.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;

namespace {

BpeTokenizer tokenizer_of(const std::string& text) {
  BpeTrainer trainer;
  trainer.add(text, 5);
  BpeTrainerOptions options;
  options.vocab_size = 400;
  const TrainedBpe trained = trainer.train(options);
  return {trained.vocab_json(), trained.merges_txt()};
}

}  // namespace

TEST_CASE("each level halves the probability of being wrong") {
  const auto level = [](double p) { return confidence_level(std::log(p), 8); };
  CHECK(level(1e-30) == 0);
  CHECK(level(0.49) == 0);
  CHECK(level(0.51) == 1);
  CHECK(level(0.74) == 1);
  CHECK(level(0.76) == 2);
  CHECK(level(1 - 0.9 / 64) == 6);
  CHECK(level(1 - 1.1 / 128) == 6);
  CHECK(level(1 - 0.9 / 128) == 7);
  CHECK(level(1) == 7);
  CHECK(confidence_level(1e-7, 8) == 7);  // rounding made a probability above 1
  CHECK(confidence_level(-1e-300, 64) == 63);
  CHECK(confidence_level(-0.1, 1) == 0);
}

TEST_CASE("the log-probability of an id is that of softmax, also of large logits") {
  const std::vector<float> logits{1000, 1001, 998};
  const double sum = std::exp(-1.0) + 1 + std::exp(-3.0);
  CHECK(log_probability_of(logits.data(), 3, 0) == doctest::Approx(-1 - std::log(sum)));
  const std::vector<double> doubles{-2, 0.5};
  CHECK(log_probability_of(doubles.data(), 2, 1) == doctest::Approx(-std::log1p(std::exp(-2.5))));
}

TEST_CASE("levels go from the ids that were written to those that are read, by their bytes") {
  // The words after a space are tokens; how the first word is read, which no space comes before, is another matter.
  const BpeTokenizer tokenizer = tokenizer_of(" cat sat cat sat cat sat");
  const std::vector<std::int32_t> written = MmSer<Naive<double>>::written_ids(tokenizer, "cat sat");
  const std::vector<std::int32_t> read = tokenizer.encode("cat sat", {true, false});
  REQUIRE(written.size() == 2);
  REQUIRE(read.size() >= 3);
  CHECK(read[1] != written[0]);
  const auto levels = confidence_levels(tokenizer, written, {std::log(0.9), std::log(0.6)}, read, 8);
  REQUIRE(levels.size() == read.size());
  CHECK(levels.front() == 7);  // the bos token
  for (std::size_t i = 1; i + 1 < levels.size(); ++i) CHECK(levels[i] == 3);
  CHECK(levels.back() == 1);
  CHECK(tokenizer.decode_bytes({read.back()}) == " sat");

  // A token that several have written is as sure as the least sure of them.
  std::vector<std::int32_t> letters;
  for (const char letter : std::string(" cat sat")) {
    letters.push_back(tokenizer.encode(std::string(1, letter), {false, false}).front());
  }
  std::vector<double> log_probabilities(letters.size(), std::log(0.99));
  log_probabilities[6] = std::log(0.3);  // the a of "sat"
  const auto joined = confidence_levels(tokenizer, letters, log_probabilities, read, 8);
  for (std::size_t i = 1; i + 1 < joined.size(); ++i) CHECK(joined[i] == 6);
  CHECK(joined.back() == 0);

  // What was cut away before it was read is not sure; a wrong number of probabilities is an error.
  CHECK(confidence_levels(tokenizer, {written.front()}, {std::log(0.9)}, read, 8).back() == 0);
  CHECK(confidence_levels(tokenizer, {}, {}, {}, 8).empty());
  CHECK_THROWS_AS(confidence_levels(tokenizer, written, {0.0}, read, 8), Error);
}

TEST_CASE("the SeR-Connector wants a level of each token, and each of them matters") {
  MmSerConfig config;
  config.ser_connector.emplace();
  config.vision_config = ClipVisionConfig{16, 24, 2, 2, 16, 8, Activation::kQuickGelu, 1e-5};
  config.connector = {{2, 0}, {2}};
  auto& text = config.text_config.as<OptConfig>();
  text.vocab_size = 20;
  text.hidden_size = text.word_embed_proj_dim = 16;
  text.num_hidden_layers = 1;
  text.num_attention_heads = 2;
  text.ffn_dim = 16;
  text.max_position_embeddings = 32;
  SerConnectorConfig& ser = *config.ser_connector;
  ser.vision_feature_layers = {1, 2};
  ser.hidden_size = 16;
  ser.num_hidden_layers = 1;
  ser.num_attention_heads = 2;
  ser.intermediate_size = 16;
  ser.caption_confidence = 3;
  WeightLoader loader(test::random_weights(declare_tensors(config), 3));
  const MmSer<Naive<double>> model(config, loader);
  Naive<double> ops;
  const auto sight = model.look(ops, std::vector<float>(3 * 16 * 16, 0.3f));
  const auto features = model.second_features(ops, sight.second);
  const auto tokens = [&](const std::vector<std::int32_t>& levels) {
    const auto visual = model.second_glance(ops, features, {3, 4, 5}, levels);
    Matrix<double> values(visual.rows(), visual.columns());
    ops.copy_out(visual, values.data(), values.cols());
    return values;
  };
  const Matrix<double> sure = tokens({2, 2, 2});
  for (const auto& levels : {std::vector<std::int32_t>{1, 2, 2}, {2, 0, 2}, {2, 2, 1}}) {
    CHECK((tokens(levels) - sure).norm() > 1e-3 * sure.norm());
  }
  CHECK_THROWS_AS(tokens({}), Error);
  CHECK_THROWS_AS(tokens({1, 2}), Error);
}
