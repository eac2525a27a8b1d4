// Idefics3 against Hugging Face transformers 5 (tests/reference/make_idefics3_goldens.py): configuration, names, hidden
// states, visual tokens and logits over several tiles.

#include "io/io_support.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/ops/naive.hpp"
#include "support/golden.hpp"
#include "support/random_weights.hpp"
#include "support/tile_pixels.hpp"

using namespace sharpeye;
using test::check_error;
using Ops = Inference<float>;

namespace {

const char* const kModel = "idefics3_tiny";

Json json(const char* text) {
  return parse_json(text, "text");
}

MmSerConfig parse(const Json& config) {
  return MmSerConfig::from_json(JsonReader(config, "config.json"));
}

Json config_json() {
  return read_json_file(test::fixture("models/idefics3_tiny/config.json"), 1 << 20);
}

// The golden model's configuration with one key changed.
template <class Value>
MmSerConfig with(const char* object, const char* key, const Value& value) {
  Json changed = config_json();
  (*object == '\0' ? changed : changed[object])[key] = value;
  return parse(changed);
}

MmSerConfig without(const char* object, const char* key) {
  Json changed = config_json();
  (*object == '\0' ? changed : changed[object]).erase(key);
  return parse(changed);
}

PromptTokens prompt_of(const test::Golden& golden, int number) {
  PromptTokens prompt{golden.ids(concat("prompts.", number)), 0};
  while (prompt.ids[prompt.image_position] != kImageToken) ++prompt.image_position;
  return prompt;
}

}  // namespace

TEST_CASE("Idefics3: hidden states, visual tokens of all tiles and logits are Hugging Face's") {
  const test::Golden golden(kModel);
  test::Session session;
  const MmSerConfig config = parse(config_json());
  WeightLoader loader(open_model_weights(golden.folder()));
  const MmSer<Ops> model(config, loader);
  const auto check = [&](const Matrix<float>& actual, const std::string& expected) {
    CAPTURE(expected);
    CHECK(test::relative_error(actual, golden.matrix(expected)) < 1e-5);
  };
  const std::vector<std::vector<float>> tiles = test::tile_pixels(true);
  REQUIRE(tiles.size() == 10);
  std::vector<Ops::Tensor> parts;
  std::vector<Matrix<float>> of_tile, of_whole;
  for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
    const Sight<Ops> sight = model.look(session.ops, tiles[tile], {true, true});
    REQUIRE(sight.all.size() == 4);
    for (const auto& state : sight.all) {
      if (tile == 1) of_tile.push_back(session.values(state));
      if (tile == 9) of_whole.push_back(session.values(state));
    }
    parts.push_back(model.first_glance(session.ops, sight.first));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    Matrix<float> both(128, 24);
    both << of_tile[i], of_whole[i];
    check(both, concat("vision.hidden_states.", i));
  }
  const auto visual = session.ops.concat_rows(parts);
  check(session.values(visual), "pass1.visual");

  const CausalLm<Ops>& language_model = model.language_model();
  auto cache = language_model.make_cache(200);
  std::vector<Ops::Tensor> states;
  const PromptTokens prompt = prompt_of(golden, 0);
  CHECK(prompt.num_image_places() == 10);
  const auto embeds = model.prompt(session.ops, language_model, prompt, visual);
  CHECK(embeds.rows() == prompt.num_text_tokens() + 40);
  const auto last = language_model.step(session.ops, embeds, cache, {}, &states);
  states.back() = last;  // Hugging Face's last hidden state is the one after the final norm
  for (std::size_t i = 0; i < states.size(); ++i) check(session.values(states[i]), concat("lm.hidden_states.", i));
  const auto ends = session.ops.slice_rows(last, last.rows() - 8, 8);
  check(session.values(language_model.logits(session.ops, ends)), "lm.logits");
}

TEST_CASE("Idefics3 agrees with the oracle in double") {
  const MmSerConfig config = parse(config_json());
  const auto source = test::random_weights(declare_tensors(config), 4);
  const std::vector<float> pixels = test::tile_pixels(false).front();
  const auto run = [&](auto& ops) {
    using Policy = std::remove_reference_t<decltype(ops)>;
    WeightLoader loader(source);
    const MmSer<Policy> model(config, loader);
    const auto visual = model.first_glance(ops, model.look(ops, pixels).first);
    Matrix<typename Policy::Scalar> values(visual.rows(), visual.columns());
    ops.copy_out(visual, values.data(), values.cols());
    return Matrix<double>(values.template cast<double>());
  };
  test::Session session;
  Naive<double> exact;
  const Matrix<double> expected = run(exact);
  CHECK(expected.rows() == 4);
  CHECK((run(session.ops) - expected).norm() < 1e-5 * expected.norm());
}

TEST_CASE("pixel shuffle: each block of patches becomes one token, its patches side by side in reading order") {
  Naive<double> ops;
  Matrix<float> patches(16, 2);
  for (Index i = 0; i < 16; ++i) patches.row(i) << static_cast<float>(i), static_cast<float>(-i);
  const auto shuffled = pixel_shuffle(ops, ops.constant(patches), 4, 2);
  Matrix<double> values(4, 8);
  ops.copy_out(shuffled, values.data(), 8);
  Matrix<double> expected(4, 8);
  expected << 0, 0, 1, -1, 4, -4, 5, -5,  //
      2, -2, 3, -3, 6, -6, 7, -7,         //
      8, -8, 9, -9, 12, -12, 13, -13,     //
      10, -10, 11, -11, 14, -14, 15, -15;
  CHECK(values == expected);
}

TEST_CASE("Idefics3's tensor names mean ours; missing and surplus ones are named with the nearest") {
  CHECK(model_tensor_name("model.vision_model.encoder.layers.0.mlp.fc1.bias") ==
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.bias");
  CHECK(model_tensor_name("model.connector.modality_projection.proj.weight") ==
        "multi_modal_projector.linear_1.weight");
  CHECK(model_tensor_name("model.text_model.embed_tokens.weight") == "language_model.model.embed_tokens.weight");

  const MmSerConfig config = parse(config_json());
  const auto declared = declare_tensors(config);
  const auto source = test::random_weights(declared, 4);
  const auto load = [&](const std::shared_ptr<MemorySource>& tensors) {
    WeightLoader loader(tensors);
    const MmSer<Counting> model(config, loader);
  };
  CHECK_NOTHROW(load(source));
  source->add("multi_modal_projector.linear_1.bias", {24}, std::vector<float>(24));
  check_error(ErrorCode::kUnreadTensor,
              "multi_modal_projector.linear_1.bias (the model reads multi_modal_projector.linear_1.weight)",
              [&] { load(source); });
  auto renamed = std::make_shared<MemorySource>();
  for (const std::string& name : test::random_weights(declared, 4)->names()) {
    const StoredTensor tensor = source->read(name);
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(values.data());
    const bool is_norm = name == "vision_tower.vision_model.post_layernorm.weight";
    renamed->add(is_norm ? "vision_tower.vision_model.post_layer_norm.weight" : name, tensor.shape, std::move(values));
  }
  check_error(
      ErrorCode::kMissingTensor,
      "vision_tower.vision_model.post_layernorm.weight: expected a tensor, actual none; the nearest of those not "
      "read is vision_tower.vision_model.post_layer_norm.weight",
      [&] { load(renamed); });
}

TEST_CASE("Idefics3's configuration: SmolVLM's files, defaults, and what is refused by name") {
  // The keys of SmolVLM-256M-Instruct's file that mean something; the tower's depth and feed-forward are left out
  // there.
  const MmSerConfig smol = parse(json(R"({"model_type": "idefics3", "image_token_id": 49190, "scale_factor": 4,
      "tie_word_embeddings": false, "pad_token_id": 128002,
      "text_config": {"model_type": "llama", "head_dim": 64, "hidden_size": 576, "intermediate_size": 1536,
        "is_llama_config": true, "max_position_embeddings": 8192, "num_attention_heads": 9, "num_hidden_layers": 30,
        "num_key_value_heads": 3, "pad_token_id": 2, "pixel_shuffle_factor": 4, "qk_layer_norms": false,
        "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_theta": 100000, "vocab_size": 49280},
      "vision_config": {"hidden_size": 768, "image_size": 512, "max_image_size": {"longest_edge": 512},
        "model_type": "idefics3", "num_attention_heads": 12, "patch_size": 16, "size": {"longest_edge": 2048},
        "tie_word_embeddings": false, "use_base_siglip": false}})"));
  CHECK(smol.model_type == "idefics3");
  CHECK(smol.num_vision_blocks() == 12);
  CHECK(smol.vision_config.as<Idefics3VisionConfig>().intermediate_size == 3072);
  CHECK(smol.vision_config.num_patches() == 1024);
  CHECK(smol.connector.pixel_shuffle == 4);
  CHECK(smol.text_config.as<LlamaConfig>().rope_theta == 1e5);
  CHECK(smol.text_config.as<LlamaConfig>().num_key_value_heads == 3);
  CHECK(smol.image_token_id == 49190);
  CHECK(smol.initial_prompt.rfind("<|im_start|>User:<image>", 0) == 0);
  Index parameters = 0;
  for (const TensorDeclaration& tensor : declare_tensors(smol)) parameters += tensor.size();
  CHECK(parameters == 256484928);  // as published

  CHECK(with("", "tie_word_embeddings", true).text_config.tie_word_embeddings());
  CHECK_FALSE(with("text_config", "tie_word_embeddings", true).text_config.tie_word_embeddings());
  const auto refuses = [&](ErrorCode code, const char* part, const char* object, const char* key, const auto& value) {
    check_error(code, part, [&] { with(object, key, value); });
  };
  refuses(ErrorCode::kConfig, "scale_factor: expected a divisor of 8 patches along a side, actual 3", "",
          "scale_factor", 3);
  refuses(ErrorCode::kConfig, "scale_factor: expected integer in [1, 8], actual 9", "", "scale_factor", 9);
  refuses(ErrorCode::kConfig, "image_token_id: expected integer in [0, 539], actual 540", "", "image_token_id", 540);
  refuses(ErrorCode::kConfig, "vision_config.model_type", "vision_config", "model_type", "clip_vision_model");
  refuses(ErrorCode::kUnsupported, "text_config.model_type: expected \"llama\", actual \"mistral\"", "text_config",
          "model_type", "mistral");
  refuses(ErrorCode::kUnsupported, "vision_config.patch_size: expected 1 to 37 patches", "vision_config", "image_size",
          4 * 25);
  refuses(ErrorCode::kUnsupported, "vision_config.num_channels", "vision_config", "num_channels", 1);
  refuses(ErrorCode::kConfig, "vision_config.num_attention_heads", "vision_config", "num_attention_heads", 5);
  check_error(ErrorCode::kConfig, "config.json: vision_config", [] { without("", "vision_config"); });
  check_error(ErrorCode::kConfig, "config.json: text_config", [] { without("", "text_config"); });
  check_error(ErrorCode::kConfig, "config.json: image_token_id", [] { without("", "image_token_id"); });
}

TEST_CASE("every key of an Idefics3's configuration with values that make no sense is refused by name, or harmless") {
  const Json values = json("[-1, 0, 3, 0.5, 2147483648, 9e18, 1e300, null, true, \"\", [], [1, -2], {}]");
  const Json original = config_json();
  for (const char* object : {"", "text_config", "vision_config"}) {
    const Json& keys = *object == '\0' ? original : original[object];
    for (const auto& item : keys.items()) {
      for (const Json& value : values.elements()) {
        CAPTURE(item.key);
        CAPTURE(value.dump());
        try {
          const MmSerConfig config = with(object, item.key.c_str(), value);
          CHECK(config.vision_config.grid_size() % config.connector.pixel_shuffle == 0);
          CHECK(config.num_vision_blocks() >= 1);
        } catch (const Error& error) {
          CHECK(std::string(error.what()).find("config.json: ") == 0);
        }
      }
    }
  }
}

TEST_CASE("an Idefics3's configuration is written as one of ours, and read back") {
  const MmSerConfig config = parse(config_json());
  const Json written = config.to_json();
  CHECK(written["model_type"] == "mm-ser");
  CHECK(written["vision_config"]["model_type"] == "idefics3_vision");
  const MmSerConfig again = parse(written);
  CHECK(again.to_json() == written);
  CHECK(again.tile_markers);
  CHECK(again.image_token_id == config.image_token_id);
  CHECK(again.connector.pixel_shuffle == 4);
  CHECK_FALSE(again.connector.bias);
  Json wrong = written;
  wrong["connector"]["pixel_shuffle"] = 5;
  check_error(ErrorCode::kConfig, "connector.pixel_shuffle: expected a divisor of 8", [&] { parse(wrong); });
  wrong = written;
  wrong["connector"]["vision_feature_select_strategy"] = "default";
  check_error(ErrorCode::kConfig, "connector.pixel_shuffle: expected 1 unless", [&] { parse(wrong); });
  wrong = written;
  wrong["prompts"]["special_tokens"] = false;
  check_error(ErrorCode::kConfig, "prompts.tile_markers: expected false", [&] { parse(wrong); });
}
