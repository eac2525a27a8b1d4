#include <doctest/doctest.h>

#include <cmath>

#include "io/io_support.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/ops/inference.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;
using test::check_error;

namespace {

const std::string kHead = "language_model.lm_head.weight";
const std::string kTable = "language_model.model.decoder.embed_tokens.weight";
const std::string kTower = "vision_tower.vision_model.";

// A model of one glance whose tower has a block that nobody reads.
MmSerConfig small_config() {
  MmSerConfig config;
  config.vision_config = ClipVisionConfig{16, 32, 3, 2, 8, 4, Activation::kQuickGelu, 1e-5};
  auto& text = config.text_config.as<OptConfig>();
  text.vocab_size = 11;
  text.hidden_size = text.word_embed_proj_dim = 8;
  text.num_hidden_layers = 1;
  text.ffn_dim = 16;
  text.num_attention_heads = 2;
  text.max_position_embeddings = 16;
  config.connector.vision_feature_layers = {2};
  return config;
}

std::shared_ptr<MemorySource> weights_of(const MmSerConfig& config) {
  return test::random_weights(declare_tensors(config), 3);
}

void load(const MmSerConfig& config, const std::shared_ptr<MemorySource>& source) {
  WeightLoader loader(source);
  const MmSer<Counting> model(config, loader);
}

std::vector<float> values_of(const MemorySource& source, const std::string& name) {
  std::vector<float> values(static_cast<std::size_t>(num_elements(source.info(name).shape)));
  source.read(name).copy_to(values.data());
  return values;
}

}  // namespace

TEST_CASE("a tied head that is stored once more must be the table") {
  const MmSerConfig config = small_config();
  const auto source = weights_of(config);
  std::vector<float> table = values_of(*source, kTable);
  source->add(kHead, {11, 8}, table);
  CHECK_NOTHROW(load(config, source));
  source->add(make_tensor(kHead, {11, 8}, std::vector<double>(table.begin(), table.end())));
  CHECK_NOTHROW(load(config, source));  // the same numbers in another kind
  table[19] += 1;
  source->add(kHead, {11, 8}, table);
  check_error(
      ErrorCode::kUnsupported,
      kHead + ": expected equal to " + kTable + ", for tie_word_embeddings is true, actual differs at element 19",
      [&] { load(config, source); });
  table[19] = NAN;
  source->add(kHead, {11, 8}, table);
  check_error(ErrorCode::kNotFinite, kHead + ": expected finite weights, element 19 is nan",
              [&] { load(config, source); });
  source->add(kHead, {8, 11}, std::vector<float>(88));
  check_error(ErrorCode::kShape, kHead + ": expected [11, 8], file has [8, 11]", [&] { load(config, source); });
}

TEST_CASE("a head of its own is used where the configuration says so") {
  MmSerConfig config = small_config();
  const auto source = weights_of(config);
  config.text_config.as<OptConfig>().tie_word_embeddings = false;
  check_error(ErrorCode::kMissingTensor, kHead, [&] { load(config, source); });
  std::vector<float> head = values_of(*source, kTable);
  for (float& value : head) value *= 2;
  source->add(kHead, {11, 8}, head);
  ThreadPool pool(1);
  Arena arena;
  Inference<float> ops(pool, arena);
  const auto logits = [&](bool tied) {
    config.text_config.as<OptConfig>().tie_word_embeddings = tied;
    WeightLoader loader(source);
    const Opt<Inference<float>> opt(config.text_config.as<OptConfig>(), loader.root("language_model.model.decoder"),
                                    loader.root("language_model"));
    auto cache = opt.make_cache(4);
    Matrix<float> result(2, 11);
    ops.copy_out(opt.logits(ops, opt.step(ops, opt.embed(ops, {3, 5}), cache)), result.data(), 11);
    return result;
  };
  CHECK(logits(false) == 2 * logits(true));
  head[5] = INFINITY;
  source->add(kHead, {11, 8}, head);
  check_error(ErrorCode::kNotFinite, kHead, [&] { logits(false); });
}

TEST_CASE("what no hidden state depends on may stand in the file in its right shape") {
  const MmSerConfig config = small_config();
  const auto source = weights_of(config);
  MmSerConfig all = config;
  all.connector.vision_feature_layers = {3};
  const auto whole = weights_of(all);
  for (const std::string& name : whole->names()) source->add(whole->read(name));
  source->add(kTower + "post_layernorm.weight", {16}, std::vector<float>(16, NAN));  // not read
  source->add(kTower + "post_layernorm.bias", {16}, std::vector<float>(16));
  source->add(make_tensor(kTower + "embeddings.position_ids", {1, 5}, std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  CHECK_NOTHROW(load(config, source));

  const auto refuse = [&](ErrorCode code, const StoredTensor& tensor, const std::string& text) {
    MemorySource changed = *source;
    changed.add(tensor);
    check_error(code, text, [&] { load(config, std::make_shared<MemorySource>(changed)); });
  };
  const std::string block = kTower + "encoder.layers.2.";
  refuse(ErrorCode::kShape, make_tensor(block + "mlp.fc1.weight", {16, 32}, std::vector<float>(512)),
         block + "mlp.fc1.weight: expected [32, 16], file has [16, 32]");
  refuse(ErrorCode::kShape, make_tensor(kTower + "post_layernorm.bias", {15}, std::vector<float>(15)),
         "post_layernorm.bias: expected [16], file has [15]");
  refuse(ErrorCode::kUnsupported,
         make_tensor(kTower + "embeddings.position_ids", {5}, std::vector<std::int64_t>{0, 1, 2, 4, 3}),
         "position_ids: expected 3 at 3, actual 4");
  refuse(ErrorCode::kShape, make_tensor(kTower + "embeddings.position_ids", {5, 1}, std::vector<std::int64_t>(5)),
         "position_ids: expected [1, 5], file has [5, 1]");
  for (const std::string& name : {block + "mlp.fc3.weight", kTower + "post_layernorm.scale",
                                  std::string("language_model.lm_head.bias"), std::string("refine_") + kHead}) {
    CAPTURE(name);
    refuse(ErrorCode::kUnreadTensor, make_tensor(name, {1}, std::vector<float>(1)), "actual 1 unread: " + name);
  }
}
