// Captioners put together from parts, and second glances on models of one.

#include <filesystem>
#include <functional>
#include <memory>

#include "run_command.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"

using namespace sharpeye;
using test::run;
namespace fs = std::filesystem;

namespace {

const std::string kSample = SHARPEYE_SOURCE_DIR "/tools/sample.png";
const std::string kDemo = SHARPEYE_SOURCE_DIR "/weights/demo";

std::string without(const std::string& name, const std::string& beginning) {
  return name.compare(0, beginning.size(), beginning) == 0 ? name.substr(beginning.size()) : std::string();
}

// The demo model taken apart, as other libraries have its parts.
struct DemoParts {
  test::TemporaryFolder folder;
  Json config = read_json_file(kDemo + "/config.json", 1 << 20);
  std::shared_ptr<const SafetensorsFile> weights =
      std::make_shared<const SafetensorsFile>(kDemo + "/model.safetensors");

  DemoParts() {
    fs::create_directories(folder / "clip");
    fs::create_directories(folder / "opt");
    // A whole CLIP: the text model is none of ours.
    MemorySource clip;
    copy("vision_tower.", "", clip);
    clip.add("text_model.final_layer_norm.weight", {2}, {1, 1});
    clip.add("logit_scale", {}, {1});
    write_safetensors(folder / "clip/model.safetensors", clip);
    write_file(folder / "clip/config.json",
               Json{{"model_type", "clip"}, {"text_config", Json::object()}, {"vision_config", config["vision_config"]}}
                   .dump());
    fs::copy(kDemo + "/preprocessor_config.json", folder / "clip");

    MemorySource opt;
    copy("language_model.", "", opt);
    write_safetensors(folder / "opt/model.safetensors", opt);
    Json text = config["text_config"];
    text["model_type"] = "opt";
    write_file(folder / "opt/config.json", text.dump());
    for (const char* name : {"vocab.json", "merges.txt"}) fs::copy(kDemo + "/" + name, folder / "opt");

    // A connector as LLaVA's Sequential has it: Linear, GELU, Linear.
    MemorySource connector;
    copy("multi_modal_projector.linear_1.", "model.mm_projector.0.", connector);
    copy("multi_modal_projector.linear_2.", "model.mm_projector.2.", connector);
    write_safetensors(folder / "mm_projector.safetensors", connector);
  }
  void copy(const std::string& root, const std::string& other, MemorySource& to) const {
    for (const std::string& name : weights->names()) {
      const std::string rest = without(name, root);
      if (rest.empty()) continue;
      StoredTensor tensor = weights->read(name);
      tensor.name = other + rest;
      to.add(std::move(tensor));
    }
  }
  std::vector<std::string> command(const std::string& to) const {
    return {"assemble",
            "--vision",
            folder / "clip",
            "--lm",
            folder / "opt",
            "--connector",
            folder / "mm_projector.safetensors",
            "--ser-connector",
            kDemo,
            "--prompt",
            config["prompts"]["initial"].get<std::string>(),
            "-o",
            folder / to};
  }
};

Json captions_of(const std::string& model, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"caption", "--model", model, "--json", kSample};
  words.insert(words.end(), more.begin(), more.end());
  const auto result = run(words);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  Json line = test::parse(result.out);
  return Json{{"initial", line["initial"]}, {"refined", line.contains("refined") ? line["refined"] : Json()}};
}

}  // namespace

TEST_CASE("a model taken apart and assembled again writes the same captions, copied or linked") {
  const DemoParts parts;
  const Json expected = captions_of(kDemo);
  for (const bool links : {false, true}) {
    CAPTURE(links);
    const std::string name = links ? "linked" : "copied";
    std::vector<std::string> words = parts.command(name);
    if (links) words.push_back("--link");
    const auto result = run(words);
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    CHECK(result.err.find("left out: logit_scale (1), text_model (1)") != std::string::npos);
    CHECK(captions_of(parts.folder / name) == expected);
    const Json config = read_json_file(parts.folder / (name + "/config.json"), 1 << 20);
    CHECK(config["connector"]["type"] == "mlp2x_gelu");
    CHECK(config["vision_config"] == parts.config["vision_config"]);
  }
  // The language model's file was used whole, the CLIP's was not.
  CHECK(fs::hard_link_count(parts.folder / "opt/model.safetensors") == 2);
  CHECK(fs::hard_link_count(parts.folder / "clip/model.safetensors") == 1);
  // A model that is there stays unless it is forced away.
  CHECK(run(parts.command("copied")).err.find("--force replaces it") != std::string::npos);
}

TEST_CASE("parts that do not fit are named before anything is written") {
  const DemoParts parts;
  const auto refuses = [&](const std::vector<std::string>& words, const std::string& text) {
    const auto result = run(words);
    CHECK(result.exit_code == 2);
    CHECK_MESSAGE(result.err.find(text) != std::string::npos, result.err);
    CHECK(!fs::exists(parts.folder / "bad/config.json"));
  };
  const auto with = [&](const char* name, const std::function<void(MemorySource&)>& change) {
    MemorySource source;
    parts.copy("multi_modal_projector.linear_1.", "linear_1.", source);
    parts.copy("multi_modal_projector.linear_2.", "linear_2.", source);
    change(source);
    write_safetensors(parts.folder / name, source);
    std::vector<std::string> words = parts.command("bad");
    words[6] = parts.folder / name;
    return words;
  };
  refuses(with("narrow.safetensors",
               [](MemorySource& source) {
                 source.add("linear_1.weight", {128, 64}, std::vector<float>(128 * 64));
               }),
          "multi_modal_projector.linear_1.weight: expected [128, 128], file has [128, 64]");
  refuses(with("surplus.safetensors", [](MemorySource& source) { source.add("linear_3.bias", {1}, {0}); }),
          "multi_modal_projector.linear_3.bias");
  refuses(with("odd.safetensors",
               [](MemorySource& source) {
                 source.add("linear_2.weight", {96, 128}, std::vector<float>(96 * 128));
               }),
          "linear_1.weight: expected a multiple of 96 rows");

  std::vector<std::string> words = parts.command("bad");
  words[6] = parts.folder / "opt/model.safetensors";  // a language model is no connector
  refuses(words, "expected a connector (linear_1.weight, or 0.weight as in LLaVA's mm_projector), actual none");
  words = parts.command("bad");
  words[2] = parts.folder / "opt";
  refuses(words, "model_type: expected one of");
  words = parts.command("bad");
  words[4] = parts.folder / "clip";
  refuses(words, "model_type");

  // One tensor missing from the tower.
  MemorySource clip;
  parts.copy("vision_tower.", "", clip);
  MemorySource less;
  for (const std::string& name : clip.names()) {
    if (name != "vision_model.encoder.layers.1.mlp.fc1.weight") less.add(clip.read(name));
  }
  write_safetensors(parts.folder / "clip/model.safetensors", less);
  refuses(parts.command("bad"), "vision_tower.vision_model.encoder.layers.1.mlp.fc1.weight: expected a tensor");
}

TEST_CASE("a model of one glance is given a second one") {
  const DemoParts parts;
  std::vector<std::string> words = parts.command("one");
  words.erase(words.begin() + 7, words.begin() + 9);  // no --ser-connector
  REQUIRE(run(words).exit_code == 0);
  CHECK(!read_json_file(parts.folder / "one/config.json", 1 << 20).contains("ser_connector"));
  for (const bool links : {false, true}) {
    std::vector<std::string> init{"init", "--on", parts.folder / "one", "-o", parts.folder / "two", "--force"};
    if (links) init.push_back("--link");
    const auto result = run(init);
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    const Json two = captions_of(parts.folder / "two", {"--max-new-tokens", "12"});
    CHECK(two["initial"] == captions_of(parts.folder / "one", {"--max-new-tokens", "12"})["initial"]);
    CHECK(two["refined"].is_text());
  }
  const Json ser = read_json_file(parts.folder / "two/config.json", 1 << 20)["ser_connector"];
  CHECK(ser["vision_feature_layers"] == Json(std::vector<std::int64_t>{3, 4, 5}));
  CHECK(ser["hidden_size"] == 128);
  CHECK(ser["num_attention_heads"] == 2);
  const auto again = run({"init", "--on", parts.folder / "two", "-o", parts.folder / "three"});
  CHECK(again.exit_code == 2);
  CHECK(again.err.find("expected a model of one glance") != std::string::npos);
  CHECK(run({"init", "--on", kDemo, "--preset", "tiny", "-o", parts.folder / "x"}).exit_code == 2);
  CHECK(run({"init", "-o", parts.folder / "x"}).exit_code == 2);
}
