#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

using sharpeye::Index;
using sharpeye::Json;
using test::run;
using test::world;

namespace {

// By hand, for the tiny preset: 16 patches of 8 x 8, width 32 and feed-forward 64 everywhere, 260 tokens.
constexpr Index kWidth = 32, kPatches = 16, kVocabulary = 260;

constexpr Index linear_size(Index in, Index out) {
  return out * in + out;
}
constexpr Index kBlockSize = 4 * linear_size(32, 32) + linear_size(32, 64) + linear_size(64, 32) + 4 * 32;

double linear(Index rows, Index in, Index out) {
  return 2.0 * static_cast<double>(rows * in * out);
}
// A query against a number of keys: the product with each, and the sum of the values.
double attend(Index keys) {
  return 4.0 * static_cast<double>(keys * kWidth);
}
double block_linears(Index rows) {
  return 4 * linear(rows, 32, 32) + linear(rows, 32, 64) + linear(rows, 64, 32);
}
double full_block(Index rows) {
  return block_linears(rows) + static_cast<double>(rows) * attend(rows);
}

// Two causal layers over a prompt. The last one makes keys and values of all rows, and the rest of one, which the head
// reads.
double prefill(Index rows) {
  double flops = block_linears(rows);
  for (Index keys = 1; keys <= rows; ++keys) flops += attend(keys);
  return flops + 2 * linear(rows, 32, 32) + block_linears(1) - 2 * linear(1, 32, 32) + attend(rows);
}
// The head after the prompt, then tokens - 1 steps of all beams through layers and head.
double decode(Index prompt, Index tokens, Index beams) {
  double flops = linear(1, kWidth, kVocabulary);
  for (Index step = 1; step < tokens; ++step) {
    flops += static_cast<double>(beams) * (2 * (block_linears(1) + attend(prompt + step)) + linear(1, 32, kVocabulary));
  }
  return flops;
}

Json info(std::vector<std::string> options) {
  options.insert(options.begin(), {"info", "--json"});
  const auto result = run(options);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return test::parse(result.out);
}

}  // namespace

TEST_CASE("parameters and bytes as counted by hand") {
  const Index vision = 32 + 32 * 3 * 8 * 8 + 17 * 32 + 2 * 32 + 3 * kBlockSize;  // the fourth block is not needed
  const Index connector = linear_size(32, 128) + 2 * linear_size(128, 128) + linear_size(128, 32);
  const Index language_model = 260 * 32 + (512 + 2) * 32 + 2 * kBlockSize + 2 * 32;
  const Index ser =
      linear_size(96, 32) + 3 * linear_size(32, 32) + 16 * 32 + 64 * 32 + kBlockSize + linear_size(32, 32);
  for (const Json& json : {info({"--model", world().model()}), info({"--preset", "tiny"})}) {
    const Json& parts = json.at("parts");
    CHECK(parts.at("vision_tower").at("parameters") == vision);
    CHECK(parts.at("multi_modal_projector").at("parameters") == connector);
    CHECK(parts.at("language_model").at("parameters") == language_model);
    CHECK(parts.at("ser_connector").at("parameters") == ser);
    CHECK(parts.at("total").at("parameters") == vision + connector + language_model + ser);
    CHECK(parts.at("total").at("bytes") == 4 * (vision + connector + language_model + ser));
  }
}

TEST_CASE("operations as counted by hand") {
  for (const Index beams : {1, 3}) {
    for (const Index tokens : {1, 20}) {
      const double vision = linear(kPatches, 3 * 8 * 8, 32) + 3 * full_block(17);
      const double connector = linear(16, 32, 128) + 2 * linear(16, 128, 128) + linear(16, 128, 32);
      const Index first = 1 + 6 + 16 + 32;   // BOS, "USER: ", image, "What is in the photo? ASSISTANT:"
      const Index second = 1 + 16 + tokens;  // BOS, image, caption
      const Index text = 1 + tokens;         // BOS, caption
      const double ser = linear(16, 96, 32) + linear(16, 32, 32) + 2 * linear(text, 32, 32) + full_block(16 + text) +
                         linear(16, 32, 32);
      const Json flops =
          info({"--model", world().model(), "--beams", std::to_string(beams), "--new-tokens", std::to_string(tokens)})
              .at("flops");
      CHECK(flops.at("vision") == vision);
      CHECK(flops.at("connector") == connector);
      CHECK(flops.at("pass1_prefill") == prefill(first));
      CHECK(flops.at("pass1_decode") == decode(first, tokens, beams));
      CHECK(flops.at("ser_connector") == ser);
      CHECK(flops.at("pass2_prefill") == prefill(second));
      CHECK(flops.at("pass2_decode") == decode(second, tokens, beams));
      const double one = vision + connector + prefill(first) + decode(first, tokens, beams);
      CHECK(flops.at("one_glance") == one);
      CHECK(flops.at("two_glances") == one + ser + prefill(second) + decode(second, tokens, beams));
    }
  }
}

TEST_CASE("info names what a file holds beyond the model, and every tensor") {
  const std::string fixture = test::fixture("models/mmser_self_attention_tiny");
  const Json json = info({"--model", fixture, "--tensors"});
  const sharpeye::SafetensorsFile file(fixture + "/model.safetensors");
  Index all = 0;
  for (const std::string& name : file.names()) all += static_cast<Index>(file.info(name).end - file.info(name).begin);
  const Json& parts = json.at("parts");
  CHECK(parts.at("unused").at("bytes").get<Index>() > 0);  // the last vision block
  CHECK(parts.at("unused").at("bytes").get<Index>() + parts.at("total").at("bytes").get<Index>() == all);
  const std::string name = "ser_connector.output_projection.weight";
  CHECK(json.at("tensors").at(name).at("shape") == file.info(name).shape);
  CHECK(json.at("tensors").at(name).at("dtype") == "F32");
}

TEST_CASE("the table has the numbers of the JSON") {
  const auto table = run({"info", "--preset", "mm-ser-125m"});
  CHECK(table.exit_code == 0);
  const Json json = info({"--preset", "mm-ser-125m"});
  const auto total = json.at("parts").at("total").at("parameters").get<Index>();
  CHECK(total > 480'000'000);
  CHECK(total < 510'000'000);  // the paper's 500M
  CHECK(table.out.find(std::to_string(total)) != std::string::npos);
  for (const char* word : {"576 patches", "23 of 24 layers", "13, 18, 23", "pass2_decode", "two_glances"}) {
    CHECK_MESSAGE(table.out.find(word) != std::string::npos, word);
  }
}

TEST_CASE("info says what decodes which image format") {
  const auto table = run({"info", "--decoders"});
  CHECK(table.exit_code == 0);
  CHECK(table.out.find("JPEG    ") == 0);
  const Json decoders = info({"--decoders"}).at("decoders");
  CHECK(decoders.size() == 7);
  CHECK(decoders.at("BMP") == "sharpeye");
}

TEST_CASE("wrong usage of info exits with 2") {
  test::check_refused({"info"}, "--model");
  test::check_refused({"info", "--model", world().model(), "--preset", "tiny"}, "--model");
  test::check_refused({"info", "--preset", "large"}, "--preset");
  test::check_refused({"info", "--model", "/nowhere"}, "/nowhere: expected a model directory");
  test::check_refused({"info", "--preset", "tiny", "--new-tokens", "0"}, "--new-tokens");
}
