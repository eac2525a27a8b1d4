#include <set>

#include "run_command.hpp"
#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"

using sharpeye::Json;
using test::run;

namespace {

sharpeye::MmSerConfig config_from(const Json& json) {
  return sharpeye::MmSerConfig::from_json(sharpeye::JsonReader(json, "test"));
}

}  // namespace

TEST_CASE("what is written reads back as the same configuration") {
  std::size_t count = 0;
  const std::filesystem::path models = test::fixture("models");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(models)) {
    if (entry.path().filename() != "config.json") continue;
    const Json original = test::parse(test::read_text(entry.path()));
    if (!original.contains("connector")) continue;  // a part alone
    ++count;
    INFO(entry.path().string());
    const Json written = config_from(original).to_json();
    CHECK(config_from(written).to_json() == written);
    for (const auto& [section, fields] : original.items()) {
      if (!fields.is_object()) continue;
      for (const auto& [key, value] : fields.items()) {
        if (key == "vision_feature_layers") continue;  // negative ones come back resolved
        CHECK_MESSAGE(written.at(section).at(key) == value, section << "." << key);
      }
    }
  }
  CHECK(count >= 3);

  sharpeye::MmSerConfig config;
  config.connector.vision_feature_layers = {7, 23};
  config.ser_connector.emplace();
  config.ser_connector->layer_index_base = 1;
  config.rounds = 3;
  config.own_refine_language_model = true;
  config.initial_prompt = "<image>";
  const Json written = config.to_json();
  const sharpeye::MmSerConfig read = config_from(written);
  CHECK(read.to_json() == written);
  CHECK(read.ser_connector->vision_feature_layers == std::vector<sharpeye::Index>{13, 18, 23});
  CHECK(read.rounds == 3);
  CHECK(read.own_refine_language_model);
}

TEST_CASE("generation and image settings read back") {
  sharpeye::GenerationConfig generation;
  generation.early_stopping = sharpeye::EarlyStopping::kNever;
  generation.eos_token_ids = {2, 5};
  generation.stop_strings = {"###"};
  generation.temperature = 0.7;
  const Json written = generation.to_json();
  CHECK(sharpeye::GenerationConfig::from_json({written, "test"}, 100).to_json() == written);
  sharpeye::PreprocessorConfig preprocessor;
  preprocessor.processor.image_size = 96;
  preprocessor.processor.aspect = sharpeye::Aspect::kCrop;
  preprocessor.processor.mean = {0.1, 0.2, 0.3};
  preprocessor.processor.apply_exif = false;
  const Json image = preprocessor.to_json();
  CHECK(sharpeye::PreprocessorConfig::from_json({image, "test"}, 96).to_json() == image);
}

TEST_CASE("init writes a complete directory, the same for the same seed") {
  const test::TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    CHECK(run({"init", "--preset", "tiny", "-o", folder / name, "--seed", "5"}).exit_code == 0);
  }
  CHECK(run({"init", "--preset", "tiny", "-o", folder / "c", "--seed", "6"}).exit_code == 0);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "a")) files.insert(entry.path().filename());
  CHECK(files == std::set<std::string>{"config.json", "generation_config.json", "merges.txt", "model.safetensors",
                                       "preprocessor_config.json", "vocab.json"});
  for (const std::string& file : files) {
    CHECK(test::read_text(folder / ("a/" + file)) == test::read_text(folder / ("b/" + file)));
  }
  CHECK(test::read_text(folder / "a/model.safetensors") != test::read_text(folder / "c/model.safetensors"));
  CHECK(test::parse(test::read_text(folder / "c/config.json")).at("sharpeye_note") == "random weights, seed 6");
}

TEST_CASE("init refuses to replace a model unless forced") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "deep/model";
  CHECK(run({"init", "--preset", "tiny", "-o", path, "--seed", "1"}).exit_code == 0);
  const std::string before = test::read_text(path + "/model.safetensors");
  test::check_refused({"init", "--preset", "tiny", "-o", path, "--seed", "2"}, path + "/config.json");
  CHECK(test::read_text(path + "/model.safetensors") == before);
  CHECK(run({"init", "--preset", "tiny", "-o", path, "--seed", "2", "--force"}).exit_code == 0);
  CHECK(test::read_text(path + "/model.safetensors") != before);
}

TEST_CASE("16-bit weights are the rounded 32-bit ones") {
  const test::TemporaryFolder folder;
  for (const char* dtype : {"f32", "f16", "bf16"}) {
    CHECK(run({"init", "--preset", "tiny", "-o", folder / dtype, "--dtype", dtype}).exit_code == 0);
    const auto result = run({"caption", "--model", folder / dtype, test::world().image_a()});
    CHECK_MESSAGE(result.exit_code == 0, result.err);
  }
  const sharpeye::SafetensorsFile full(folder / "f32/model.safetensors"), half(folder / "f16/model.safetensors"),
      brain(folder / "bf16/model.safetensors");
  REQUIRE(full.names() == half.names());
  for (const std::string& name : full.names()) {
    const auto size = static_cast<std::size_t>(full.read(name).size());
    std::vector<float> a(size), b(size), c(size);
    full.read(name).copy_to(a.data());
    half.read(name).copy_to(b.data());
    brain.read(name).copy_to(c.data());
    CHECK(half.info(name).dtype == sharpeye::DType::kF16);
    CHECK(brain.info(name).dtype == sharpeye::DType::kBF16);
    bool is_same = true;
    for (std::size_t i = 0; i < size; ++i) {
      is_same = is_same && b[i] == static_cast<float>(sharpeye::float16(a[i])) &&
                c[i] == static_cast<float>(sharpeye::bfloat16(a[i]));
    }
    CHECK_MESSAGE(is_same, name);
  }
}

TEST_CASE("init with a tokenizer takes its vocabulary") {
  const test::TemporaryFolder folder;
  const std::string tokenizer = test::fixture("text/tiny");
  CHECK(run({"init", "--preset", "demo", "-o", folder / "demo", "--tokenizer", tokenizer}).exit_code == 0);
  for (const char* file : {"/vocab.json", "/merges.txt"}) {
    CHECK(test::read_text(folder / "demo" + file) == test::read_text(tokenizer + file));
  }
  const Json vocabulary = test::parse(test::read_text(tokenizer + "/vocab.json"));
  CHECK(test::parse(test::read_text(folder / "demo/config.json")).at("text_config").at("vocab_size") ==
        vocabulary.size());
  const auto result = run({"caption", "--model", folder / "demo", test::world().image_a(), "--max-new-tokens", "4"});
  CHECK_MESSAGE(result.exit_code == 0, result.err);
}

TEST_CASE("init makes the ablations' architectures, with another model's weights where they fit") {
  const test::TemporaryFolder folder;
  CHECK(run({"init", "--preset", "tiny", "-o", folder / "whole", "--seed", "1"}).exit_code == 0);
  const sharpeye::SafetensorsFile whole(folder / "whole/model.safetensors");
  for (const std::string variant : {"two-glances", "single-pass", "caption-only", "features-only", "queries"}) {
    CAPTURE(variant);
    const auto made = run({"init", "--preset", "tiny", "-o", folder / variant, "--seed", "2", "--variant", variant,
                           "--weights", folder / "whole"});
    REQUIRE_MESSAGE(made.exit_code == 0, made.err);
    const Json config = test::parse(test::read_text(folder / variant + "/config.json"));
    CHECK(!config.contains("sharpeye_note"));
    CHECK(config.contains("ser_connector") == (variant != "single-pass"));
    if (variant == "caption-only") CHECK(config["ser_connector"]["use_features"] == false);
    if (variant == "features-only") {
      CHECK(config["ser_connector"]["use_caption"] == false);
      CHECK(config["prompts"]["refine"] == config["prompts"]["initial"]);
    }
    const sharpeye::SafetensorsFile file(folder / variant + "/model.safetensors");
    std::size_t same = 0;
    for (const std::string& name : file.names()) {
      const auto* known = whole.find(name);
      if (known == nullptr || known->shape != file.info(name).shape) continue;
      std::vector<float> a(static_cast<std::size_t>(file.read(name).size())), b(a.size());
      file.read(name).copy_to(a.data());
      whole.read(name).copy_to(b.data());
      CHECK_MESSAGE(a == b, name);
      ++same;
    }
    CHECK(same > 40);
    const auto result = run({"caption", "--model", folder / variant, test::world().image_a(), "--max-new-tokens", "3"});
    CHECK_MESSAGE(result.exit_code == 0, result.err);
  }
  const sharpeye::SafetensorsFile single(folder / "single-pass/model.safetensors");
  const char* projection = "multi_modal_projector.linear_1.weight";
  REQUIRE(single.find(projection) != nullptr);
  CHECK(single.info(projection).shape[1] == 3 * whole.info(projection).shape[1]);
}

TEST_CASE("wrong usage of init exits with 2") {
  const test::TemporaryFolder folder;
  test::check_refused({"init", "--preset", "huge", "-o", folder / "x"}, "--preset");
  test::check_refused({"init", "--preset", "tiny"}, "--output is required");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "x", "--dtype", "int3"}, "--dtype");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "x", "--seed", "1.5"}, "--seed");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "x", "--tokenizer", folder / "none"},
                      folder / "none/vocab.json");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "x", "--variant", "three"}, "--variant");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "x", "--weights", folder / "none"}, folder / "none");
  test::write_text(folder / "file", "");
  test::check_refused({"init", "--preset", "tiny", "-o", folder / "file/x"}, folder / "file");
  CHECK(!std::filesystem::exists(folder / "x"));
}

TEST_CASE("the share of visual tokens is written, carried along and counted") {
  const test::TemporaryFolder folder;
  REQUIRE(run({"init", "--preset", "tiny", "-o", folder / "all"}).exit_code == 0);
  REQUIRE(run({"init", "--preset", "tiny", "-o", folder / "half", "--visual-token-share", "0.5"}).exit_code == 0);
  REQUIRE(run({"quantize", "--model", folder / "half", "--dtype", "int8", "-o", folder / "int8"}).exit_code == 0);
  REQUIRE(run({"pack", "--model", folder / "half", "-o", folder / "packed"}).exit_code == 0);
  const auto prefill = [&](const char* name) {
    const auto info = run({"info", "--model", folder / name, "--json"});
    REQUIRE(info.exit_code == 0);
    return test::parse(info.out).at("flops").at("pass2_prefill").get<double>();
  };
  const double all = prefill("all");
  for (const char* name : {"half", "int8", "packed"}) {
    CAPTURE(std::string(name));
    const Json config = test::parse(test::read_text(folder / name + std::string("/config.json")));
    CHECK(config.at("ser_connector").at("visual_token_share").get<double>() == 0.5);
    CHECK(prefill(name) < 0.9 * all);
  }
  const auto one_glance =
      run({"init", "--preset", "tiny-llava", "-o", folder / "llava", "--visual-token-share", "0.5"});
  CHECK(one_glance.exit_code != 0);
  CHECK(one_glance.err.find("--visual-token-share: expected none with a model without ser_connector") !=
        std::string::npos);
  CHECK(!std::filesystem::exists(folder / "llava"));
}
