// The inference policy against the oracle in double, on whole models of every kind, and cached against whole-sequence
// decoding.

#include <doctest/doctest.h>

#include <random>

#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/ops/naive.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;

namespace {

MmSerConfig small_config() {
  MmSerConfig config;
  config.vision_config = ClipVisionConfig{36, 84, 5, 4, 21, 7, Activation::kQuickGelu, 1e-5};
  auto& text = config.text_config.as<OptConfig>();
  text.vocab_size = 61;
  text.hidden_size = text.word_embed_proj_dim = 40;
  text.num_hidden_layers = 3;
  text.ffn_dim = 72;
  text.num_attention_heads = 4;
  text.max_position_embeddings = 64;
  config.connector.vision_feature_layers = {4};
  config.connector.type = {4, 2};
  config.ser_connector.emplace();
  config.ser_connector->vision_feature_layers = {2, 3, 4};
  config.ser_connector->hidden_size = 48;
  config.ser_connector->num_attention_heads = 4;
  config.ser_connector->intermediate_size = 56;
  config.ser_connector->num_hidden_layers = 2;
  config.ser_connector->max_caption_tokens = 12;
  config.ser_connector->num_queries = 7;
  return config;
}

std::vector<std::int32_t> ids_of_confidence(bool is_read) {
  return is_read ? std::vector<std::int32_t>{5, 0, 3, 1} : std::vector<std::int32_t>();
}

template <class Ops>
Matrix<double> values_of(Ops& ops, const typename Ops::Tensor& tensor) {
  Matrix<typename Ops::Scalar> values(tensor.rows(), tensor.columns());
  ops.copy_out(tensor, values.data(), values.cols());
  return values.template cast<double>();
}

/// Everything that the model computes for one image and one caption, stage after stage.
template <class Ops>
std::vector<Matrix<double>> run(Ops& ops, const MmSerConfig& config, unsigned seed) {
  WeightLoader loader(test::random_weights(declare_tensors(config), seed));
  const MmSer<Ops> model(config, loader);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> pixels(
      static_cast<std::size_t>(3 * config.vision_config.image_size() * config.vision_config.image_size()));
  for (float& pixel : pixels) pixel = normal(random);
  std::vector<Matrix<double>> results;
  const Sight<Ops> sight = model.look(ops, pixels, {true, true});
  for (const auto& state : sight.all) results.push_back(values_of(ops, state));
  results.push_back(values_of(ops, model.first_glance(ops, sight.first)));
  const auto looked = model.second_glance(ops, model.second_features(ops, sight.second), {2, 17, 60, 5},
                                          ids_of_confidence(model.reads_confidence()), model.visual_token_share());
  const auto second = looked.tokens;
  results.push_back(values_of(ops, second));
  const CausalLm<Ops>& language_model = model.language_model();
  auto cache = language_model.make_cache(64);
  const PromptTokens prompt{{2, 7, kImageToken}, 2};
  const auto embeds = model.prompt(ops, language_model, prompt, second);
  const nn::PlacedTokens placed = model.prompt_places(prompt, looked.merged);
  CHECK(placed.positions.empty() == (model.visual_token_share() == 1));
  if (!placed.positions.empty()) {
    CHECK(static_cast<Index>(placed.positions.size()) == embeds.rows());
    cache.place(placed);
  }
  results.push_back(values_of(ops, language_model.logits(ops, language_model.step(ops, embeds, cache))));
  return results;
}

void check_agreement(const MmSerConfig& config) {
  ThreadPool pool(2);
  Arena arena;
  Inference<float> fast(pool, arena);
  Naive<double> exact;
  const auto actual = run(fast, config, 5);
  const auto expected = run(exact, config, 5);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t stage = 0; stage < actual.size(); ++stage) {
    CAPTURE(stage);
    CHECK((actual[stage] - expected[stage]).norm() < 1e-5 * expected[stage].norm());
  }
}

}  // namespace

TEST_CASE("the model of the paper's form agrees with the oracle") {
  check_agreement(small_config());
}

TEST_CASE("every choice of the SeR-Connector agrees with the oracle") {
  const auto with = [](auto change) {
    MmSerConfig config = small_config();
    change(*config.ser_connector);
    check_agreement(config);
  };
  using Config = SerConnectorConfig;
  const auto query_decoder = [](Config& c) {
    c.variant = Config::Variant::kQueryDecoder;
    c.feature_concat = FeatureConcat::kToken;
    c.visual_position_embedding = PositionKind::kSine2d;
    c.text_position_embedding = PositionKind::kNone;
    c.level_embedding = c.final_layer_norm = true;
    c.output = Config::Output::kQueries;
  };
  with([](Config& c) { c.norm_placement = NormPlacement::kPre, c.final_layer_norm = true; });
  with([](Config& c) { c.feature_concat = FeatureConcat::kToken, c.level_embedding = true; });
  with([](Config& c) { c.visual_position_embedding = PositionKind::kSine2d, c.type_embedding = true; });
  with([](Config& c) { c.output = Config::Output::kVisualAndText, c.own_caption_embedding = true; });
  with([](Config& c) { c.caption_confidence = 6; });
  with([](Config& c) { c.visual_token_share = 0.4; });
  with([](Config& c) { c.visual_token_share = 0.4, c.norm_placement = NormPlacement::kPre; });
  with([](Config& c) { c.visual_token_share = 0.5, c.output = Config::Output::kVisualAndText; });
  with([](Config& c) { c.visual_token_share = 0.5, c.feature_concat = FeatureConcat::kToken; });
  with([&](Config& c) { query_decoder(c), c.visual_token_share = 0.5; });
  with([](Config& c) { c.use_caption = false, c.caption_confidence = 6; });  // there is nothing to be sure of
  with([](Config& c) { c.use_features = false; });
  with(query_decoder);
  with([&](Config& c) { query_decoder(c), c.caption_confidence = 6; });
  with([&](Config& c) {
    query_decoder(c);
    c.norm_placement = NormPlacement::kPre;
    c.output = Config::Output::kQueriesAndText;
    c.text_position_embedding = PositionKind::kLearned;
  });
}

TEST_CASE("OPT's other forms agree with the oracle") {
  MmSerConfig config = small_config();
  config.text_config.as<OptConfig>().do_layer_norm_before = false;
  config.text_config.as<OptConfig>().word_embed_proj_dim = 24;
  check_agreement(config);
  config = small_config();
  auto& text = config.text_config.as<OptConfig>();
  text.remove_final_layer_norm = true;
  text.enable_bias = false;
  text.activation_function = Activation::kGelu;
  check_agreement(config);
}

TEST_CASE("cached decoding gives the logits of the whole sequence, for several sequences that share a prompt") {
  const MmSerConfig config = small_config();
  ThreadPool pool(2);
  Arena arena;
  Inference<float> ops(pool, arena);
  WeightLoader loader(test::random_weights(declare_tensors(config), 9));
  const MmSer<Inference<float>> model(config, loader);
  const auto& opt = model.language_model();
  const auto whole = [&](const std::vector<std::int32_t>& ids) {
    auto cache = opt.make_cache(64);
    const auto logits = opt.logits(ops, opt.step(ops, opt.embed(ops, ids), cache));
    return values_of(ops, ops.slice_rows(logits, logits.rows() - 1, 1));
  };
  auto cache = opt.make_cache(64);
  opt.step(ops, opt.embed(ops, {2, 9, 33, 4, 50, 12, 7, 8}), cache);
  cache.select({0, 0, 0});
  opt.step(ops, opt.embed(ops, {1, 2, 3}), cache);
  cache.select({2, 0, 2});
  const Matrix<double> actual = values_of(ops, opt.logits(ops, opt.step(ops, opt.embed(ops, {10, 11, 12}), cache)));
  CHECK(cache.length() == 10);
  const std::vector<std::vector<std::int32_t>> expected{
      {2, 9, 33, 4, 50, 12, 7, 8, 3, 10}, {2, 9, 33, 4, 50, 12, 7, 8, 1, 11}, {2, 9, 33, 4, 50, 12, 7, 8, 3, 12}};
  for (Index i = 0; i < 3; ++i) {
    const Matrix<double> row = whole(expected[static_cast<std::size_t>(i)]);
    CHECK((actual.row(i) - row).cwiseAbs().maxCoeff() < 1e-5 * row.cwiseAbs().maxCoeff());
  }
  cache.select({1});  // several tokens at once on top of a past
  const Matrix<double> several = values_of(ops, opt.logits(ops, opt.step(ops, opt.embed(ops, {20, 21, 22}), cache)));
  const Matrix<double> row = whole({2, 9, 33, 4, 50, 12, 7, 8, 1, 11, 20, 21, 22});
  CHECK((several.row(2) - row).cwiseAbs().maxCoeff() < 1e-5 * row.cwiseAbs().maxCoeff());
}

TEST_CASE("a cache and a position table that are full are errors, not overruns") {
  const MmSerConfig config = small_config();
  ThreadPool pool(1);
  Arena arena;
  Inference<float> ops(pool, arena);
  WeightLoader loader(test::random_weights(declare_tensors(config), 9));
  const MmSer<Inference<float>> model(config, loader);
  const auto& opt = model.language_model();
  auto small = opt.make_cache(3);
  CHECK_THROWS_AS(opt.step(ops, opt.embed(ops, {1, 2, 3, 4}), small), Error);
  auto large = opt.make_cache(100);
  CHECK_THROWS_AS(opt.step(ops, opt.embed(ops, std::vector<std::int32_t>(65, 1)), large), Error);
}

TEST_CASE("results do not depend on the number of threads, to the bit") {
  std::vector<std::vector<Matrix<double>>> results;
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    Arena arena;
    Inference<float> ops(pool, arena);
    results.push_back(run(ops, small_config(), 5));
  }
  for (std::size_t i = 1; i < results.size(); ++i) {
    for (std::size_t stage = 0; stage < results[0].size(); ++stage) CHECK(results[i][stage] == results[0][stage]);
  }
}

TEST_CASE("layers that the tower does not have are refused, also in a configuration that no file was read for") {
  CHECK(declare_tensors(small_config()).size() > 100);
  for (const Index layer : {-2, 6}) {
    MmSerConfig config = small_config();
    config.connector.vision_feature_layers = {layer};
    CHECK_THROWS_AS(declare_tensors(config), Error);
    config = small_config();
    config.ser_connector->vision_feature_layers = {2, layer};
    CHECK_THROWS_AS(declare_tensors(config), Error);
  }
}
