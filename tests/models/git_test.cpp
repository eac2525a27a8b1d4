// GIT against Hugging Face transformers 5 (tests/reference/make_git_goldens.py): configuration, names, hidden states,
// visual tokens and logits.

#include "io/io_support.hpp"
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

const char* const kModels[] = {"git_base", "git_tied"};

MmSerConfig parse(const Json& config) {
  return MmSerConfig::from_json(JsonReader(config, "config.json"));
}

Json config_of(const char* name) {
  return read_json_file(test::fixture(concat("models/", name, "/config.json")), 1 << 20);
}

template <class Value>
MmSerConfig with(const char* object, const char* key, const Value& value) {
  Json changed = config_of("git_base");
  (*object == '\0' ? changed : changed[object])[key] = value;
  return parse(changed);
}

PromptTokens prompt_of(const test::Golden& golden, const std::string& name) {
  return {golden.ids(name), 0};
}

}  // namespace

TEST_CASE("GIT: every hidden state, the visual tokens and the logits are Hugging Face's") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    WeightLoader loader(open_model_weights(golden.folder()));
    const MmSer<Ops> model(parse(config_of(name)), loader);
    const auto check = [&](const Ops::Tensor& actual, const std::string& expected) {
      CAPTURE(expected);
      CHECK(test::relative_error(session.values(actual), golden.matrix(expected)) < 1e-5);
    };
    const Sight<Ops> sight = model.look(session.ops, golden.floats("pixel_values"), {true, true});
    CHECK(sight.all.size() == 4);
    for (std::size_t i = 0; i < sight.all.size(); ++i) check(sight.all[i], concat("vision.hidden_states.", i));
    const auto visual = model.first_glance(session.ops, sight.first);
    check(visual, "pass1.visual");

    const CausalLm<Ops>& language_model = model.language_model();
    auto cache = language_model.make_prompt_cache(64, visual.rows());
    std::vector<Ops::Tensor> states;
    const auto embeds = model.prompt(session.ops, language_model, prompt_of(golden, "prompt"), visual);
    const auto last = language_model.step(session.ops, embeds, cache, {}, &states);
    for (std::size_t i = 0; i < states.size(); ++i) check(states[i], concat("lm.hidden_states.", i));
    const auto ends = session.ops.slice_rows(last, last.rows() - 8, 8);
    check(language_model.logits(session.ops, ends), "lm.logits");
  }
}

TEST_CASE("GIT agrees with the oracle in double, token by token as at once, with several sequences in the cache too") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const MmSerConfig config = parse(config_of(name));
    const auto source = test::random_weights(declare_tensors(config), 4);
    const std::vector<std::int32_t> text{101, 9, 33, 4, 50};
    const auto run = [&](auto& ops, std::size_t at_once, Index sequences) {
      using Policy = std::remove_reference_t<decltype(ops)>;
      WeightLoader loader(source);
      const MmSer<Policy> model(config, loader);
      const auto& lm = model.language_model();
      const Index visual = 7;
      auto cache = lm.make_prompt_cache(64, visual);
      const auto begin = ops.concat_rows({lm.embed(ops, {1, 2, 3, 4, 5, 6, 7}), lm.embed(ops, {text[0]})});
      auto last = lm.step(ops, begin, cache);
      if (sequences > 1) cache.select(std::vector<Index>(static_cast<std::size_t>(sequences), 0));
      for (std::size_t i = 1; i < text.size(); i += at_once) {
        std::vector<std::int32_t> ids;
        for (Index sequence = 0; sequence < sequences; ++sequence) {
          for (std::size_t j = i; j < i + at_once; ++j) ids.push_back(text[j]);
        }
        last = lm.step(ops, lm.embed(ops, ids), cache);
      }
      const auto logits = lm.logits(ops, ops.slice_rows(last, last.rows() - 1, 1));
      Matrix<typename Policy::Scalar> values(logits.rows(), logits.columns());
      ops.copy_out(logits, values.data(), values.cols());
      return Matrix<double>(values.template cast<double>());
    };
    test::Session session;
    Naive<double> exact;
    const Matrix<double> expected = run(exact, 4, 1);
    for (const std::size_t at_once : {1, 2, 4}) {
      for (const Index sequences : {1, 3}) {
        CHECK((run(session.ops, at_once, sequences) - expected).norm() < 1e-5 * expected.norm());
      }
    }
    CHECK((run(exact, 1, 2) - expected).norm() < 1e-12 * expected.norm());
  }
}

TEST_CASE("GIT's visual tokens see one another, and no text; text sees what stands before it") {
  const MmSerConfig config = parse(config_of("git_base"));
  const auto source = test::random_weights(declare_tensors(config), 4);
  WeightLoader loader(source);
  const MmSer<Naive<double>> model(config, loader);
  Naive<double> ops;
  const auto& lm = model.language_model();
  // The last hidden state of three visual tokens and two of text.
  const auto states = [&](const std::vector<std::int32_t>& ids) {
    auto cache = lm.make_prompt_cache(8, 3);
    return lm.step(ops, lm.embed(ops, ids), cache);
  };
  const auto before = states({10, 20, 30, 101, 40});
  const auto same = [&](const std::vector<std::int32_t>& ids) {
    const auto after = states(ids);
    std::vector<bool> rows;
    for (Index row = 0; row < 5; ++row) {
      Matrix<double> a(1, 32), b(1, 32);
      ops.copy_out(ops.slice_rows(before, row, 1), a.data(), 32);
      ops.copy_out(ops.slice_rows(after, row, 1), b.data(), 32);
      rows.push_back((a - b).norm() < 1e-9);
    }
    return rows;
  };
  CHECK(same({10, 20, 30, 101, 40}) == std::vector<bool>{true, true, true, true, true});
  CHECK(same({10, 20, 31, 101, 40}) == std::vector<bool>{false, false, false, false, false});
  CHECK(same({10, 20, 30, 102, 40}) == std::vector<bool>{true, true, true, false, false});
  CHECK(same({10, 20, 30, 101, 41}) == std::vector<bool>{true, true, true, true, false});
  auto cache = lm.make_prompt_cache(8, 3);
  check_error(ErrorCode::kInvalidArgument, "expected the first 3 tokens in one step, actual 2 after 0", [&] {
    lm.step(ops, lm.embed(ops, {1, 2}), cache);
  });
}

TEST_CASE("GIT's positions are those of its text") {
  const MmSerConfig config = with("", "max_position_embeddings", 4);
  const auto source = test::random_weights(declare_tensors(config), 4);
  WeightLoader loader(source);
  const MmSer<Naive<double>> model(config, loader);
  Naive<double> ops;
  const auto& lm = model.language_model();
  CHECK(lm.limits().max_tokens(10) == 14);
  auto cache = lm.make_prompt_cache(20, 10);
  lm.step(ops, lm.embed(ops, std::vector<std::int32_t>(14, 1)), cache);
  check_error(ErrorCode::kLimit, "expected at most max_position_embeddings 14 positions, actual 15",
              [&] { lm.step(ops, lm.embed(ops, {1}), cache); });
}

TEST_CASE("GIT's names, and what its files may hold besides") {
  CHECK(model_tensor_name("git.image_encoder.vision_model.encoder.layers.0.mlp.fc1.weight") ==
        "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight");
  CHECK(model_tensor_name("git.visual_projection.visual_projection.0.bias") == "multi_modal_projector.linear_1.bias");
  CHECK(model_tensor_name("git.visual_projection.visual_projection.1.bias") == "multi_modal_projector.norm.bias");
  CHECK(model_tensor_name("git.encoder.layer.1.output.dense.weight") ==
        "language_model.git.encoder.layer.1.output.dense.weight");
  CHECK(model_tensor_name("output.weight") == "language_model.output.weight");

  const MmSerConfig config = parse(config_of("git_tied"));
  const auto source = test::random_weights(declare_tensors(config), 4);
  const auto load = [&] {
    WeightLoader loader(source);
    const MmSer<Counting> model(config, loader);
  };
  CHECK_NOTHROW(load());
  std::vector<float> ids(64);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<float>(i);
  source->add("language_model.git.embeddings.position_ids", {1, 64}, ids);
  CHECK_NOTHROW(load());
  ids[5] = 6;
  source->add("language_model.git.embeddings.position_ids", {1, 64}, ids);
  check_error(ErrorCode::kUnsupported, "position_ids: expected 5 at 5, actual 6", load);
  ids[5] = 5;
  source->add("language_model.git.embeddings.position_ids", {1, 64}, ids);
  source->add("language_model.output.weight", {config.text_config.vocab_size(), 32},
              std::vector<float>(static_cast<std::size_t>(config.text_config.vocab_size() * 32), 1.0f));
  check_error(ErrorCode::kUnsupported, "language_model.output.weight: expected equal to", load);
}

TEST_CASE("GIT's tensors: a missing or surplus one is named with the nearest") {
  const MmSerConfig config = parse(config_of("git_base"));
  std::vector<TensorDeclaration> declared = declare_tensors(config);
  const auto load = [&] {
    WeightLoader loader(test::random_weights(declared, 4));
    const MmSer<Counting> model(config, loader);
  };
  for (TensorDeclaration& tensor : declared) {
    if (tensor.name == "language_model.git.encoder.layer.1.attention.self.query.bias") tensor.name += "es";
  }
  check_error(ErrorCode::kMissingTensor,
              "layer.1.attention.self.query.bias: expected a tensor, actual none; the nearest of those not read is "
              "language_model.git.encoder.layer.1.attention.self.query.biases",
              load);
  declared = declare_tensors(config);
  declared.push_back({"language_model.git.encoder.layer.2.output.dense.bias", DType::kF32, {32}});
  check_error(ErrorCode::kUnreadTensor, "language_model.git.encoder.layer.2.output.dense.bias", load);
}

TEST_CASE("GIT's configuration: defaults of its parts, and what is refused by name") {
  const MmSerConfig base = parse(parse_json(R"({"model_type": "git", "vision_config": {}})", "text"));
  const auto& text = base.text_config.as<GitTextConfig>();
  CHECK(text.vocab_size == 30522);
  CHECK(text.layer_norm_eps == 1e-12);
  CHECK(text.bos_token_id == 101);
  CHECK(base.vision_config.num_patches() == 196);
  CHECK(base.vision_config.num_hidden_layers() == 12);
  CHECK(base.connector.vision_feature_layers == std::vector<Index>{12});
  CHECK(base.connector.select == FeatureSelect::kFull);
  CHECK(base.initial_prompt == "<image>");
  CHECK(base.prompt_text() == PromptText::kAfterImage);
  CHECK(parse(parse_json(R"({"model_type": "git"})", "text")).vision_config.image_size() == 224);
  CHECK(with("", "eos_token_id", parse_json("[7, 102]", "text")).text_config.eos_token_id() == 7);

  const auto refuses = [&](ErrorCode code, const char* part, const char* object, const char* key, const auto& value) {
    check_error(code, part, [&] { with(object, key, value); });
  };
  refuses(ErrorCode::kUnsupported, "num_image_with_embedding: expected none", "", "num_image_with_embedding", 6);
  refuses(ErrorCode::kUnsupported, "position_embedding_type: expected \"absolute\"", "", "position_embedding_type",
          "relative_key");
  refuses(ErrorCode::kUnsupported, "vision_config.model_type: expected \"git_vision_model\"", "vision_config",
          "model_type", "clip_vision_model");
  refuses(ErrorCode::kConfig, "vision_config.patch_size: expected a divisor of image_size 21, actual 4",
          "vision_config", "patch_size", 4);
  refuses(ErrorCode::kConfig, "num_attention_heads: expected a divisor of hidden_size 32", "", "num_attention_heads",
          5);
  refuses(ErrorCode::kConfig, "hidden_act", "", "hidden_act", "swish2");
  refuses(ErrorCode::kConfig, "eos_token_id", "", "eos_token_id", 5000);
}

TEST_CASE("every key of GIT's configuration with values that make no sense is refused by name, or harmless") {
  const Json values = parse_json("[-1, 0, 3, 0.5, 2147483648, 9e18, 1e300, null, true, \"\", [], [1, -2], {}]", "text");
  for (const char* object : {"", "vision_config"}) {
    const Json original = config_of("git_base");
    for (const auto& item : (*object == '\0' ? original : original[object]).items()) {
      for (const Json& value : values.elements()) {
        CAPTURE(item.key);
        CAPTURE(value.dump());
        try {
          const MmSerConfig config = with(object, item.key.c_str(), value);
          CHECK(config.num_vision_blocks() >= 0);
        } catch (const Error& error) {
          CHECK(std::string(error.what()).find("config.json: ") == 0);
        }
      }
    }
  }
}

TEST_CASE("GIT's configuration is written as one of ours, and read back") {
  for (const char* name : kModels) {
    const MmSerConfig config = parse(config_of(name));
    const Json written = config.to_json();
    CHECK(written["model_type"] == "mm-ser");
    CHECK(written["connector"]["type"] == "mlp1x_gelu_norm");
    const MmSerConfig again = parse(written);
    CHECK(again.to_json() == written);
    CHECK(again.prompt_text() == PromptText::kAfterImage);
    CHECK(again.connector.layer_norm_eps == 1e-5);
    CHECK(parse(with("", "pad_token_id", -1).to_json()).text_config.pad_token_id() == -1);  // the default is 0
  }
}
