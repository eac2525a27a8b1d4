#include <filesystem>

#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

namespace {

const std::string kDemo = SHARPEYE_SOURCE_DIR "/weights/demo";
const std::string kSample = SHARPEYE_SOURCE_DIR "/tools/sample.png";

}  // namespace

TEST_CASE("quantize makes a smaller model that captions, and reports what it changed") {
  const test::TemporaryFolder folder;
  for (const std::string dtype : {"int8", "int4", "bf16"}) {
    CAPTURE(dtype);
    const std::string model = folder / dtype;
    const auto result =
        test::run({"quantize", "--model", kDemo, "--dtype", dtype, "-o", model, "--image", kSample, "--json"});
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    const auto report = test::parse(result.out);
    const double ratio = report["bytes_after"].get<double>() / report["bytes_before"].get<double>();
    CHECK(ratio <= (dtype == "bf16" ? 1.0 : dtype == "int8" ? 0.56 : 0.48));
    for (const auto& [stage, cosine] : report["cosine"].items()) {
      CAPTURE(stage);
      CHECK(cosine.get<double>() > (dtype == "bf16" ? 0.9995 : 0.998));
    }
    CHECK(report["cosine"].contains("pass2.logits"));

    const auto first = test::run({"caption", "--model", model, "--json", kSample});
    REQUIRE_MESSAGE(first.exit_code == 0, first.err);
    CHECK(!test::parse(first.out)["refined"].get<std::string>().empty());
    // The same text for any number of threads, with integers too.
    const auto again = test::run({"caption", "--model", model, "--json", "--threads", "3", kSample});
    CHECK(test::parse(again.out)["tokens"] == test::parse(first.out)["tokens"]);
    CHECK(test::run({"info", "--model", model}).exit_code == 0);
  }
}

TEST_CASE("quantize refuses a quantized model, its own folder, and one that is there") {
  const test::TemporaryFolder folder;
  const std::string model = folder / "small";
  REQUIRE(test::run({"quantize", "--model", kDemo, "--dtype", "int8", "-o", model}).exit_code == 0);
  const auto twice = test::run({"quantize", "--model", model, "--dtype", "int4", "-o", folder / "smaller"});
  CHECK(twice.exit_code == 2);
  CHECK(twice.err.find("expected floating-point weights, actual I8") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "smaller/config.json"));
  const auto there = test::run({"quantize", "--model", kDemo, "--dtype", "int8", "-o", model});
  CHECK(there.exit_code == 2);
  CHECK(there.err.find("--force replaces it") != std::string::npos);
  CHECK(test::run({"quantize", "--model", model, "--dtype", "int8", "-o", model, "--force"}).exit_code == 2);
}

TEST_CASE("quantize opens what its report needs before it writes or replaces a model") {
  const test::TemporaryFolder folder;
  const std::string model = folder / "small";
  REQUIRE(test::run({"quantize", "--model", kDemo, "--dtype", "int8", "-o", model}).exit_code == 0);
  for (const std::vector<std::string>& late :
       {std::vector<std::string>{"--image", "/nowhere.png"}, std::vector<std::string>{"--data", "/nowhere"}}) {
    std::vector<std::string> words{"quantize", "--model", kDemo, "--dtype", "int4", "-o", model, "--force"};
    words.insert(words.end(), late.begin(), late.end());
    const auto result = test::run(words);
    CHECK(result.exit_code == 2);
    CHECK(result.err.find("/nowhere") != std::string::npos);
    CHECK(std::filesystem::exists(model + "/config.json"));
  }
}

TEST_CASE("a greedy refinement with its draft is the one without, in fewer passes") {
  const std::vector<std::string> words{"caption", "--model", kDemo, "--json", "--beams", "1", kSample};
  std::vector<std::string> plain_words = words;
  plain_words.push_back("--no-draft");
  const auto drafted = test::parse(test::run(words).out), plain = test::parse(test::run(plain_words).out);
  CHECK(drafted["tokens"] == plain["tokens"]);
  CHECK(plain["steps"]["refined"].get<int>() >= 8);
  CHECK(drafted["steps"]["refined"].get<int>() * 3 <= plain["steps"]["refined"].get<int>());
}

TEST_CASE("bench prints the stages of a caption") {
  const auto result = test::run({"bench", "--model", kDemo, "--repeat", "1", "--new-tokens", "4", "--json"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const auto report = test::parse(result.out);
  for (const char* stage : {"vision", "connector", "pass1_prefill", "pass1_decode", "ser_connector", "pass2_prefill",
                            "pass2_decode", "one_glance", "two_glances"}) {
    CAPTURE(stage);
    CHECK(report["stages"][stage]["ms"].get<double>() > 0);
    CHECK(report["stages"][stage]["limit_ms"].get<double>() > 0);
  }
  CHECK(report["peak_memory_mib"].get<double>() > 0);
}
