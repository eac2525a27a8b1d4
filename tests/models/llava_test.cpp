// LLaVA against Hugging Face transformers 5 (tests/reference/make_llava_goldens.py): configuration, names, hidden
// states, visual tokens and logits.

#include <cmath>

#include "io/io_support.hpp"
#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/ops/naive.hpp"
#include "support/golden.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;
using test::check_error;
using Ops = Inference<float>;

namespace {

const char* const kModels[] = {"llava_clip_llama", "llava_siglip_qwen2"};

Json json(const char* text) {
  return parse_json(text, "text");
}

MmSerConfig parse(const Json& config) {
  return MmSerConfig::from_json(JsonReader(config, "config.json"));
}

Json config_of(const char* name) {
  return read_json_file(test::fixture(concat("models/", name, "/config.json")), 1 << 20);
}

// A configuration of the golden model with one key changed: "vision_config.hidden_size".
template <class Value>
MmSerConfig with(const char* name, const char* object, const char* key, const Value& value) {
  Json changed = config_of(name);
  (*object == '\0' ? changed : changed[object])[key] = value;
  return parse(changed);
}

PromptTokens prompt_of(const test::Golden& golden, int number) {
  PromptTokens prompt{golden.ids(concat("prompts.", number)), 0};
  while (prompt.ids[prompt.image_position] != kImageToken) ++prompt.image_position;
  return prompt;
}

}  // namespace

TEST_CASE("LLaVA: every hidden state, the visual tokens and the logits are Hugging Face's") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    const MmSerConfig config = parse(config_of(name));
    WeightLoader loader(open_model_weights(golden.folder()));
    const MmSer<Ops> model(config, loader);
    const auto check = [&](const Ops::Tensor& actual, const std::string& expected, double tolerance) {
      CAPTURE(expected);
      CHECK(test::relative_error(session.values(actual), golden.matrix(expected)) < tolerance);
    };
    const Sight<Ops> sight = model.look(session.ops, golden.floats("pixel_values"), {true, true});
    for (std::size_t i = 0; i < sight.all.size(); ++i) check(sight.all[i], concat("vision.hidden_states.", i), 1e-5);
    const auto visual = model.first_glance(session.ops, sight.first);
    check(visual, "pass1.visual", 1e-5);

    const CausalLm<Ops>& language_model = model.language_model();
    auto cache = language_model.make_cache(64);
    std::vector<Ops::Tensor> states;
    const auto embeds = model.prompt(session.ops, language_model, prompt_of(golden, 0), visual);
    const auto last = language_model.step(session.ops, embeds, cache, {}, &states);
    states.back() = last;  // Hugging Face's last hidden state is the one after the final norm
    for (std::size_t i = 0; i < states.size(); ++i) check(states[i], concat("lm.hidden_states.", i), 1e-5);
    const auto ends = session.ops.slice_rows(last, last.rows() - 8, 8);
    check(language_model.logits(session.ops, ends), "lm.logits", 1e-5);
  }
}

TEST_CASE("LLaVA's models agree with the oracle in double, with several sequences in the cache too") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const MmSerConfig config = parse(config_of(name));
    const auto source = test::random_weights(declare_tensors(config), 4);
    const auto run = [&](auto& ops) {
      using Policy = std::remove_reference_t<decltype(ops)>;
      WeightLoader loader(source);
      const MmSer<Policy> model(config, loader);
      const auto& lm = model.language_model();
      auto cache = lm.make_cache(64);
      lm.step(ops, lm.embed(ops, {1, 9, 33, 4, 50, 12, 7}), cache);
      cache.select({0, 0});
      lm.step(ops, lm.embed(ops, {5, 6}), cache);
      cache.select({1, 0});
      const auto logits = lm.logits(ops, lm.step(ops, lm.embed(ops, {8, 9}), cache));
      Matrix<typename Policy::Scalar> values(logits.rows(), logits.columns());
      ops.copy_out(logits, values.data(), values.cols());
      return Matrix<double>(values.template cast<double>());
    };
    test::Session session;
    Naive<double> exact;
    const Matrix<double> expected = run(exact);
    CHECK((run(session.ops) - expected).norm() < 1e-5 * expected.norm());
  }
}

TEST_CASE("the three layouts of LLaVA's tensor names mean the same") {
  const std::string block = "encoder.layers.0.mlp.fc1.weight", layer = "layers.1.self_attn.q_proj.bias";
  for (const std::string& theirs : {"vision_tower." + block, "vision_tower.vision_model." + block,
                                    "model.vision_tower." + block, "model.vision_tower.vision_model." + block}) {
    CHECK(model_tensor_name(theirs) == "vision_tower.vision_model." + block);
  }
  CHECK(model_tensor_name("language_model.model." + layer) == "language_model.model." + layer);
  CHECK(model_tensor_name("model.language_model." + layer) == "language_model.model." + layer);
  CHECK(model_tensor_name("lm_head.weight") == "language_model.lm_head.weight");
  CHECK(model_tensor_name("language_model.lm_head.weight") == "language_model.lm_head.weight");
  CHECK(model_tensor_name("model.multi_modal_projector.linear_1.bias") == "multi_modal_projector.linear_1.bias");
  CHECK(model_tensor_name("model.audio_tower.x") == "model.audio_tower.x");
  CHECK(model_tensor_name("vision_tower.surplus") == "vision_tower.surplus");
}

TEST_CASE("LLaVA's tensors: unknown ones are named, unused ones checked, and none may mean the same") {
  const MmSerConfig config = parse(config_of("llava_siglip_qwen2"));
  const auto source = test::random_weights(declare_tensors(config), 4);
  const auto load = [&] {
    WeightLoader loader(source);
    const MmSer<Counting> model(config, loader);
  };
  CHECK_NOTHROW(load());
  source->add("vision_tower.vision_model.head.probe", {1, 1, 24}, std::vector<float>(24));
  source->add("language_model.model.layers.1.self_attn.rotary_emb.inv_freq", {4}, std::vector<float>(4));
  CHECK_NOTHROW(load());
  source->add("vision_tower.vision_model.head.probe", {1, 24}, std::vector<float>(24));
  check_error(ErrorCode::kShape, "head.probe: expected [1, 1, 24], file has [1, 24]", load);
  source->add("vision_tower.vision_model.head.probe", {1, 1, 24}, std::vector<float>(24));
  source->add("model.audio_tower.weight", {1}, {0.0f});
  check_error(ErrorCode::kUnreadTensor, "model.audio_tower.weight", load);
  source->add("model.vision_tower.post_layernorm.bias", {24}, std::vector<float>(24));
  source->add("vision_tower.post_layernorm.bias", {24}, std::vector<float>(24));
  check_error(ErrorCode::kFormat, "vision_tower.vision_model.post_layernorm.bias: expected one tensor, actual",
              [&] { RenamedSource renamed(source, model_tensor_name); });
}

TEST_CASE("LLaVA's configuration: defaults of its parts, layers, and what is refused by name") {
  const char *clip = "llava_clip_llama", *siglip = "llava_siglip_qwen2";
  const MmSerConfig config = parse(config_of(clip));
  CHECK(config.connector.vision_feature_layers == std::vector<Index>{2, 1});
  CHECK(config.connector.select == FeatureSelect::kDefault);
  CHECK(config.num_vision_blocks() == 2);
  CHECK(config.initial_prompt.rfind("USER: <image>\n", 0) == 0);
  CHECK(parse(config_of(siglip)).initial_prompt.rfind("<|im_start|>user\n<image>\n", 0) == 0);
  CHECK(parse(config_of(siglip)).text_config.as<Qwen2Config>().rope_theta == 1e6);
  CHECK(parse(config_of(siglip)).text_config.eos_token_id() == -1);  // Qwen's own is no token of 607
  CHECK(with(clip, "text_config", "tie_word_embeddings", true).text_config.tie_word_embeddings());
  CHECK(with(clip, "", "tie_word_embeddings", true).text_config.tie_word_embeddings());
  CHECK(with(clip, "text_config", "eos_token_id", json("[7, 2]")).text_config.eos_token_id() == 7);
  CHECK(with(clip, "", "vision_feature_layer", -1).connector.vision_feature_layers == std::vector<Index>{3});

  // As llava-1.5-7b-hf's file has it: what is LLaMA-7B's and CLIP-L's is left out.
  const auto seven = parse(json(R"({"model_type": "llava", "image_token_index": 32000,
      "text_config": {"model_type": "llama", "max_position_embeddings": 4096, "rms_norm_eps": 1e-05, "vocab_size": 32064},
      "vision_config": {"model_type": "clip_vision_model", "hidden_size": 1024, "image_size": 336,
        "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14}})"));
  const auto& llama = seven.text_config.as<LlamaConfig>();
  CHECK(llama.hidden_size == 4096);
  CHECK(llama.num_key_value_heads == 32);
  CHECK(llama.head_dim == 128);
  CHECK(seven.connector.vision_feature_layers == std::vector<Index>{23});

  const auto refuses = [&](ErrorCode code, const char* part, const char* name, const char* object, const char* key,
                           const auto& value) { check_error(code, part, [&] { with(name, object, key, value); }); };
  refuses(ErrorCode::kConfig, "model_type: expected one of \"mm-ser\", \"llava\", ", clip, "", "model_type", "blip");
  refuses(ErrorCode::kConfig, "text_config.model_type: expected one of \"opt\", \"llama\", \"qwen2\", ", clip,
          "text_config", "model_type", "phi");
  refuses(ErrorCode::kConfig, "vision_config.model_type", clip, "vision_config", "model_type", "dinov2");
  refuses(ErrorCode::kConfig, "projector_hidden_act: expected one of", clip, "", "projector_hidden_act", "swiglu");
  CHECK(with(clip, "", "projector_hidden_act", "silu").connector.type.to_text() == "mlp2x_silu");
  CHECK(config.connector.type.to_text() == "mlp2x_gelu");
  refuses(ErrorCode::kUnsupported, "multimodal_projector_bias", clip, "", "multimodal_projector_bias", false);
  refuses(ErrorCode::kConfig, "vision_feature_layer: expected integer in [-4, 3], actual -5", clip, "",
          "vision_feature_layer", -5);
  refuses(ErrorCode::kConfig, "vision_feature_select_strategy", clip, "", "vision_feature_select_strategy", "cls");
  refuses(ErrorCode::kConfig, "image_token_index", clip, "", "image_token_index", 607);
  refuses(ErrorCode::kUnsupported,
          "rope_parameters.rope_type: expected one of \"default\", \"linear\", \"llama3\", actual \"yarn\"", siglip,
          "text_config", "rope_parameters", json(R"({"rope_type": "yarn", "factor": 4.0})"));
  refuses(ErrorCode::kConfig, "rope_scaling.factor", clip, "text_config", "rope_scaling",
          json(R"({"type": "linear"})"));
  refuses(ErrorCode::kConfig, "rope_scaling.factor", clip, "text_config", "rope_scaling",
          json(R"({"type": "linear", "factor": 0})"));
  refuses(ErrorCode::kConfig, "rope_scaling.beta: expected a key that sharpeye knows", clip, "text_config",
          "rope_scaling", json(R"({"type": "linear", "factor": 2, "beta": 1})"));
  refuses(ErrorCode::kConfig, "rope_parameters.original_max_position_embeddings", clip, "text_config",
          "rope_parameters", json(R"({"rope_type": "llama3", "factor": 8})"));
  refuses(ErrorCode::kConfig, "rope_parameters.high_freq_factor: expected more than low_freq_factor 4", clip,
          "text_config", "rope_parameters",
          json(R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
                   "original_max_position_embeddings": 64})"));
  refuses(ErrorCode::kUnsupported, "use_sliding_window", siglip, "text_config", "use_sliding_window", true);
  refuses(ErrorCode::kUnsupported, "layer_types", siglip, "text_config", "layer_types",
          json(R"(["full_attention", "sliding_attention"])"));
  Json wide = config_of(clip);
  wide["text_config"]["head_dim"] = 256;
  wide["text_config"]["max_position_embeddings"] = 131072;
  check_error(ErrorCode::kConfig, "max_position_embeddings: expected at most 65536 with heads of 256, actual 131072",
              [&] { parse(wide); });
  refuses(ErrorCode::kConfig, "head_dim: expected an even number", clip, "text_config", "head_dim", 7);
  refuses(ErrorCode::kConfig, "num_key_value_heads: expected a divisor of num_attention_heads 4", clip, "text_config",
          "num_key_value_heads", 3);
}

TEST_CASE("positions are scaled as Hugging Face scales them") {
  // transformers 5.24: ROPE_INIT_FUNCTIONS with heads of 16, theta 10000, factor 8, low 1, high 4, 64 original
  // positions.
  const std::vector<double> llama3 = {
      1, 0.244384587, 0.0130422562, 0.00395284733, 0.00124999997, 0.000395284733, 0.000125000006, 3.95284733e-05};
  const auto angles = [](const char* rope) {
    Json changed = config_of("llava_clip_llama");
    changed["text_config"]["rope_parameters"] = json(rope);
    const auto config = parse(changed);
    const auto& llama = config.text_config.as<LlamaConfig>();
    CHECK(parse(config.to_json()).text_config.to_json() == config.text_config.to_json());
    const RotaryTable table(16, 2, llama.rope_theta, llama.rope_scaling);
    std::vector<double> result;
    for (Index i = 0; i < table.half(); ++i) {
      result.push_back(std::atan2(static_cast<double>(table.sines(1)[i]), static_cast<double>(table.cosines(1)[i])));
    }
    return result;
  };
  const auto same = [](const std::vector<double>& actual, const std::vector<double>& expected) {
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  };
  const auto plain = angles(R"({"rope_type": "default", "rope_theta": 10000.0})");
  std::vector<double> linear = plain;
  for (double& angle : linear) angle /= 8;
  same(angles(R"({"rope_type": "linear", "factor": 8.0, "rope_theta": 10000.0})"), linear);
  same(angles(R"({"rope_type": "llama3", "factor": 8.0, "rope_theta": 10000.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 64})"),
       llama3);
}

TEST_CASE("nanoLLaVA's layout: its configuration, and its names") {
  const char* text = R"({"model_type": "llava-qwen2", "architectures": ["LlavaQwen2ForCausalLM"], "hidden_size": 1024,
      "intermediate_size": 2816, "num_hidden_layers": 24, "num_attention_heads": 16, "num_key_value_heads": 16,
      "max_position_embeddings": 32768, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": false,
      "vocab_size": 151936, "hidden_act": "silu", "use_sliding_window": false, "sliding_window": 32768,
      "bos_token_id": 151643, "eos_token_id": 151645, "image_aspect_ratio": "pad", "mm_hidden_size": 1152,
      "mm_projector_type": "mlp2x_gelu", "mm_vision_tower": "google/siglip-so400m-patch14-384"})";
  const MmSerConfig config = parse(json(text));
  CHECK(config.model_type == "llava-qwen2");
  CHECK(config.vision_config.num_patches() == 729);
  CHECK(config.connector.vision_feature_layers == std::vector<Index>{27});
  CHECK(config.connector.type.to_text() == "mlp2x_gelu");
  CHECK(config.text_config.as<Qwen2Config>().rope_theta == 1e6);
  CHECK_FALSE(config.text_config.tie_word_embeddings());
  CHECK(config.initial_prompt.rfind("<|im_start|>system\nAnswer the question<|im_end|><|im_start|>user\n<image>\n",
                                    0) == 0);
  CHECK(parse(config.to_json()).to_json() == config.to_json());
  const auto refuses = [&](ErrorCode code, const char* part, const char* key, const auto& value) {
    Json changed = json(text);
    changed[key] = value;
    check_error(code, part, [&] { parse(changed); });
  };
  refuses(ErrorCode::kUnsupported, "mm_vision_tower: expected google/siglip-so400m-patch14-384", "mm_vision_tower",
          "openai/clip-vit-large-patch14-336");
  refuses(ErrorCode::kConfig, "config.json: mm_hidden_size", "mm_hidden_size", 1024);
  refuses(ErrorCode::kConfig, "config.json: mm_projector_type", "mm_projector_type", "linear");
  refuses(ErrorCode::kConfig, "config.json: hidden_size", "hidden_size", -1);
  Json changed = json(text);
  changed["vision_config"] = json(R"({"hidden_size": 1152, "num_hidden_layers": 26, "num_attention_heads": 16})");
  CHECK(parse(changed).connector.vision_feature_layers == std::vector<Index>{26});

  CHECK(model_tensor_name("model.vision_tower.vision_tower.vision_model.embeddings.patch_embedding.bias") ==
        "vision_tower.vision_model.embeddings.patch_embedding.bias");
  CHECK(model_tensor_name("model.mm_projector.0.weight") == "multi_modal_projector.linear_1.weight");
  CHECK(model_tensor_name("model.mm_projector.2.bias") == "multi_modal_projector.linear_2.bias");
  CHECK(model_tensor_name("model.layers.3.mlp.up_proj.weight") == "language_model.model.layers.3.mlp.up_proj.weight");
  CHECK(model_tensor_name("model.norm.weight") == "language_model.model.norm.weight");
  CHECK(model_tensor_name("lm_head.weight") == "language_model.lm_head.weight");
}

TEST_CASE("every key of a LLaVA's configuration with values that make no sense is refused by name, or harmless") {
  const Json values = json("[-1, 0, 3, 0.5, 2147483648, 9e18, 1e300, null, true, \"\", [], [1, -2], {}]");
  for (const char* name : kModels) {
    const Json original = config_of(name);
    for (const char* object : {"", "text_config", "vision_config"}) {
      const Json& keys = *object == '\0' ? original : original[object];
      for (const auto& item : keys.items()) {
        for (const Json& value : values.elements()) {
          CAPTURE(item.key);
          CAPTURE(value.dump());
          try {
            const MmSerConfig config = with(name, object, item.key.c_str(), value);
            CHECK(config.num_vision_blocks() >= 0);
            CHECK(config.text_config.to_json().contains("vocab_size"));
          } catch (const Error& error) {
            CHECK(std::string(error.what()).find("config.json: ") == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("a LLaVA's configuration is written as one of ours, and read back") {
  for (const char* name : kModels) {
    const MmSerConfig config = parse(config_of(name));
    const Json written = config.to_json();
    CHECK(written["model_type"] == "mm-ser");
    const MmSerConfig again = parse(written);
    CHECK(again.to_json() == written);
    CHECK(again.connector.select == config.connector.select);
    CHECK(again.special_tokens_in_prompts);
    CHECK(again.text_config.to_json() == config.text_config.to_json());
  }
}
