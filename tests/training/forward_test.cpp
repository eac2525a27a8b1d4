#include <doctest/doctest.h>

#include "sharpeye/core/random.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/training/autodiff.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;

namespace {

MmSerConfig small_config() {
  MmSerConfig config;
  config.vision_config = ClipVisionConfig{48, 80, 3, 3, 24, 8, Activation::kQuickGelu, 1e-5};
  config.connector = {{2, 0}, {2}};
  auto& text = config.text_config.as<OptConfig>();
  text.vocab_size = 70;
  text.hidden_size = text.word_embed_proj_dim = 40;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 4;
  text.ffn_dim = 72;
  text.max_position_embeddings = 60;
  SerConnectorConfig& ser = config.ser_connector.emplace();
  ser.vision_feature_layers = {1, 2, 3};
  ser.hidden_size = 40;
  ser.num_hidden_layers = 2;
  ser.num_attention_heads = 4;
  ser.intermediate_size = 72;
  ser.max_caption_tokens = 16;
  return config;
}

// The logits of both glances, one under the other.
template <class Ops>
Matrix<float> both_glances(Ops& ops, const MmSer<Ops>& model, const std::vector<float>& pixels) {
  const Sight<Ops> sight = model.look(ops, pixels);
  const auto& language_model = model.language_model();
  const auto read = [&](const typename Ops::Tensor& visual) {
    const auto sequence = ops.concat_rows({visual, language_model.embed(ops, {2, 9, 30, 69})});
    auto cache = language_model.make_cache(sequence.rows());
    return language_model.logits(ops, language_model.step(ops, sequence, cache));
  };
  const auto first = read(model.first_glance(ops, sight.first));
  const auto second = read(model.second_glance(ops, model.second_features(ops, sight.second), {2, 7, 41}));
  Matrix<float> logits(first.rows() + second.rows(), first.columns());
  ops.copy_out(first, logits.data(), logits.cols());
  ops.copy_out(second, logits.data() + first.rows() * logits.cols(), logits.cols());
  return logits;
}

}  // namespace

TEST_CASE("what is trained is what runs: the forward pass of Autodiff equals that of Inference") {
  const MmSerConfig config = small_config();
  const auto source = test::random_weights(declare_tensors(config), 4);
  std::vector<float> pixels(3 * 24 * 24);
  Random random(2);
  for (float& pixel : pixels) pixel = static_cast<float>(random.normal());
  ThreadPool pool(2);

  Arena arena;
  Inference<float> inference(pool, arena);
  WeightLoader loader(source);
  const Matrix<float> expected = both_glances(inference, MmSer<Inference<float>>(config, loader), pixels);

  training::Parameters<float> parameters(source);
  const MmSer<training::Autodiff<float>> model(config, parameters.loader());
  parameters.pack(pool, false);
  training::Autodiff<float> tape(nullptr);
  const Matrix<float> actual = both_glances(tape, model, pixels);
  REQUIRE(actual.size() == expected.size());
  CHECK((actual - expected).norm() <= 1e-5 * expected.norm());
}
