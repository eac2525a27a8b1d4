#include "sharpeye/training/autodiff.hpp"

#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "support/random_weights.hpp"
#include "training/gradient_check.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

using Ops = Autodiff<double>;

// Parameters of the given names and shapes with random values, bound as weights.
struct Weights {
  explicit Weights(const std::vector<std::pair<std::string, std::vector<Index>>>& declared) {
    std::vector<TensorDeclaration> tensors;
    for (const auto& [name, shape] : declared) tensors.push_back({name, DType::kF32, shape});
    parameters = std::make_unique<Parameters<double>>(test::random_weights(tensors, 5));
    for (const TensorDeclaration& tensor : tensors) {
      bound.emplace_back(parameters->loader().get(tensor.name, tensor.shape));
    }
  }
  // All rows of table i as a tensor: an input whose gradient is checked too.
  Ops::Tensor input(Ops& ops, std::size_t i) const {
    std::vector<std::int32_t> ids;
    for (Index row = 0; row < bound[i].rows(); ++row) ids.push_back(static_cast<std::int32_t>(row));
    return ops.rows(bound[i], ids);
  }

  std::unique_ptr<Parameters<double>> parameters;
  std::vector<Ops::Weight> bound;
};

// A fixed direction's share of y, which also flows back.
double project(Ops& ops, const Ops::Tensor& y) {
  const std::vector<double> weights = test::direction(y.rows() * y.columns());
  ops.seed(y, weights.data());
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * y.data()[i];
  return sum;
}

MmSerConfig tiny_config() {
  MmSerConfig config;
  config.vision_config = ClipVisionConfig{16, 32, 3, 2, 16, 8, Activation::kQuickGelu, 1e-5};
  config.connector = {{2, 2}, {2}};
  auto& text = config.text_config.as<OptConfig>();
  text.vocab_size = 30;
  text.hidden_size = text.word_embed_proj_dim = 16;
  text.num_hidden_layers = 2;
  text.num_attention_heads = 2;
  text.ffn_dim = 24;
  text.max_position_embeddings = 40;
  SerConnectorConfig& ser = config.ser_connector.emplace();
  ser.vision_feature_layers = {1, 2, 3};
  ser.hidden_size = 16;
  ser.num_hidden_layers = 2;
  ser.num_attention_heads = 2;
  ser.intermediate_size = 24;
  ser.max_caption_tokens = 8;
  return config;
}

}  // namespace

TEST_CASE("linear: gradients of input, weight, bias and residual, for each activation") {
  const Weights weights({{"x", {7, 5}}, {"w", {18, 5}}, {"b", {18}}, {"residual", {7, 18}}});
  for (const Activation activation : simd::kAllActivations) {
    CAPTURE(static_cast<int>(activation));
    test::check_gradients(*weights.parameters, [&](Ops& ops) {
      const Ops::Tensor residual = weights.input(ops, 3);
      return project(ops,
                     ops.linear(weights.input(ops, 0), weights.bound[1], {&weights.bound[2], activation, &residual}));
    });
  }
}

TEST_CASE("a tensor that is used twice, and slices of it, collect all their gradients") {
  const Weights weights({{"x", {6, 4}}, {"w", {4, 4}}});
  test::check_gradients(*weights.parameters, [&](Ops& ops) {
    const Ops::Tensor x = weights.input(ops, 0);
    const Ops::Tensor y = ops.linear(x, weights.bound[1], {nullptr, Activation::kNone, &x});
    const Ops::Tensor part = ops.slice_rows(y, 2, 3);
    return project(ops, ops.concat_rows({ops.linear(part, weights.bound[1]), y, ops.slice_rows(x, 0, 1), part}));
  });
}

TEST_CASE("layer_norm, add, concat_columns: gradients") {
  const Weights weights({{"x", {5, 9}}, {"norm.weight", {9}}, {"bias", {9}}, {"y", {5, 9}}});
  test::check_gradients(*weights.parameters, [&](Ops& ops) {
    const Ops::Tensor x = weights.input(ops, 0), y = weights.input(ops, 3);
    const Ops::Tensor normal = ops.layer_norm(ops.add(x, y), weights.bound[1], weights.bound[2], 1e-5);
    return project(ops, ops.concat_columns({normal, x, y}));
  });
}

TEST_CASE("rms_norm, multiply, rotary: gradients") {
  const Weights weights({{"x", {5, 12}}, {"norm.weight", {12}}, {"y", {5, 12}}, {"frozen", {5, 12}}});
  const RotaryTable table(6, 9, 10000.0);
  test::check_gradients(*weights.parameters, [&](Ops& ops) {
    const Ops::Tensor x = weights.input(ops, 0), y = weights.input(ops, 2);
    const Ops::Tensor normal = ops.rms_norm(ops.multiply(x, y), weights.bound[1], 1e-5);
    const Ops::Tensor turned = ops.rotary(normal, 2, table, {0, 3, 8, 3, 1});
    return project(ops, ops.concat_columns({turned, ops.multiply(x, x), weights.input(ops, 3)}));
  });
}

TEST_CASE("attention: gradients with and without mask, with more keys than queries") {
  const Weights weights({{"q", {5, 12}}, {"k", {8, 12}}, {"v", {8, 12}}});
  for (const AttentionMask mask : {AttentionMask::kNone, AttentionMask::kCausal}) {
    test::check_gradients(*weights.parameters, [&](Ops& ops) {
      return project(ops, ops.attention(weights.input(ops, 0), weights.input(ops, 1), weights.input(ops, 2), 3, mask));
    });
    const std::vector<float> bias{0, 1.5f, -1, 0.25f, 2, 0, 0.5f, 1};
    test::check_gradients(*weights.parameters, [&](Ops& ops) {
      return project(ops, ops.attention(weights.input(ops, 0), weights.input(ops, 1), weights.input(ops, 2), 3, mask,
                                        bias.data()));
    });
  }
}

TEST_CASE("mean_rows: gradients, also of a row in two groups and of one in none") {
  const Weights weights({{"x", {6, 4}}});
  test::check_gradients(*weights.parameters, [&](Ops& ops) {
    return project(ops, ops.mean_rows(weights.input(ops, 0), {{0, 3, 4}, {5}, {3, 1}}));
  });
}

TEST_CASE("rows: a row that is looked up twice collects both gradients; cross entropy ignores negative targets") {
  const Weights weights({{"table", {9, 6}}});
  test::check_gradients(*weights.parameters, [&](Ops& ops) {
    const Ops::Tensor x = ops.rows(weights.bound[0], {3, 0, 3, 8});
    return 0.25 * ops.cross_entropy(ops.linear(x, weights.bound[0]), {1, -1, 8, 3}, 0.25);
  });
}

TEST_CASE("whole models: gradients of both glances") {
  struct Variant {
    const char* name;
    std::function<void(MmSerConfig&)> change;
  };
  const std::vector<Variant> variants{
      {"paper's default", [](MmSerConfig&) {}},
      {"post-norm language model with projections, pre-norm connector, both outputs",
       [](MmSerConfig& config) {
         config.text_config.as<OptConfig>().do_layer_norm_before = false;
         config.text_config.as<OptConfig>().word_embed_proj_dim = 8;
         config.ser_connector->norm_placement = NormPlacement::kPre;
         config.ser_connector->output = SerConnectorConfig::Output::kVisualAndText;
         config.ser_connector->type_embedding = true;
         config.ser_connector->own_caption_embedding = true;
       }},
      {"LLaMA's form after SigLIP's",
       [](MmSerConfig& config) {
         SiglipVisionConfig vision;
         vision.hidden_size = 16;
         vision.intermediate_size = 32;
         vision.num_hidden_layers = 3;
         vision.num_attention_heads = 2;
         vision.image_size = 16;
         vision.patch_size = 7;
         config.vision_config = vision;
         Qwen2Config text;
         text.vocab_size = 30;
         text.hidden_size = 16;
         text.intermediate_size = 24;
         text.num_hidden_layers = 2;
         text.num_attention_heads = 4;
         text.num_key_value_heads = 2;
         text.head_dim = 6;
         text.max_position_embeddings = 40;
         config.text_config = text;
       }},
      {"git",
       [](MmSerConfig& config) {
         GitVisionConfig vision;
         vision.hidden_size = 16;
         vision.intermediate_size = 32;
         vision.num_hidden_layers = 3;
         vision.num_attention_heads = 2;
         vision.image_size = 16;
         vision.patch_size = 8;
         config.vision_config = vision;
         config.connector.type = {1, 0, true};
         config.connector.vision_feature_layers = {3};
         config.connector.select = FeatureSelect::kFull;
         GitTextConfig text;
         text.vocab_size = 30;
         text.hidden_size = 16;
         text.intermediate_size = 24;
         text.num_hidden_layers = 2;
         text.num_attention_heads = 2;
         text.max_position_embeddings = 40;
         config.text_config = text;
       }},
      {"fewer visual tokens", [](MmSerConfig& config) { config.ser_connector->visual_token_share = 0.5; }},
      {"told how sure the first glance is", [](MmSerConfig& config) { config.ser_connector->caption_confidence = 4; }},
      {"query decoder", [](MmSerConfig& config) {
         SerConnectorConfig& ser = *config.ser_connector;
         ser.variant = SerConnectorConfig::Variant::kQueryDecoder;
         ser.feature_concat = FeatureConcat::kToken;
         ser.level_embedding = true;
         ser.type_embedding = false;
         ser.text_position_embedding = PositionKind::kNone;
         ser.visual_position_embedding = PositionKind::kSine2d;
         ser.output = SerConnectorConfig::Output::kQueries;
         ser.num_queries = 4;
       }}};
  for (const Variant& variant : variants) {
    CAPTURE(variant.name);
    MmSerConfig config = tiny_config();
    variant.change(config);
    Parameters<double> parameters(test::random_weights(declare_tensors(config), 11));
    const MmSer<Ops> model(config, parameters.loader());
    std::vector<float> pixels(3 * 16 * 16);
    Random random(1);
    for (float& pixel : pixels) pixel = static_cast<float>(random.normal());
    const std::vector<std::int32_t> targets{4, 9, 2, -1, 17};
    const std::vector<std::int32_t> levels =
        model.reads_confidence() ? std::vector<std::int32_t>{3, 0, 1} : std::vector<std::int32_t>();
    test::check_gradients(
        parameters,
        [&](Ops& ops) {
          const Sight<Ops> sight = model.look(ops, pixels);
          const auto read = [&](const Ops::Tensor& visual, std::optional<Index> num_outputs) {
            const Ops::Tensor text = model.language_model().embed(ops, {3, 4, 9, 2, 5});
            const Ops::Tensor sequence = ops.concat_rows({visual, text});
            auto cache = model.language_model().make_prompt_cache(sequence.rows(), visual.rows());
            const Ops::Tensor out = model.language_model().step(ops, sequence, cache, num_outputs);
            return ops.cross_entropy(model.language_model().logits(ops, last_rows(ops, out, 5)), targets, 1.0);
          };
          const double first = read(model.first_glance(ops, sight.first), {});
          const auto second = model.second_glance(ops, model.second_features(ops, sight.second), {7, 8, 7}, levels,
                                                  model.visual_token_share());
          return first + read(second.tokens, 5);
        },
        6);
  }
}

TEST_CASE("frozen parameters get no gradient, and nothing flows through what needs none") {
  const Weights weights({{"a.w", {4, 4}}, {"b.w", {4, 4}}, {"x", {3, 4}}});
  weights.parameters->train({"b"});
  ThreadPool pool(1);
  weights.parameters->pack(pool, false);
  CHECK(weights.parameters->num_trained() == 16);
  FlatValues<double> gradient(16, 0.0);
  Ops ops(&gradient);
  project(ops, ops.linear(ops.linear(weights.input(ops, 2), weights.bound[0]), weights.bound[1]));
  ops.backward();
  CHECK(std::any_of(gradient.begin(), gradient.end(), [](double g) { return g != 0; }));
  CHECK_THROWS_WITH_AS(weights.parameters->train({"c"}), doctest::Contains("names below c"), Error);
}

TEST_CASE("weights that are not parameters are refused") {
  MemorySource source;
  source.add("w", {2}, {1, 2});
  CHECK_THROWS_AS(Ops::Weight(source.read("w")), Error);
}
