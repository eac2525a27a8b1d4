// The command with directories of Hugging Face's GIT.

#include "run_command.hpp"

namespace {

const std::string kSample = SHARPEYE_SOURCE_DIR "/tools/sample.png";

std::string words_of(const std::string& model, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"caption", "--model", model, "--json", "--max-new-tokens", "12", kSample});
  const auto result = test::run(options);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return test::parse(result.out)["initial"].get<std::string>();
}

}  // namespace

TEST_CASE("a GIT's directory captions, shows, quantizes, packs and is measured") {
  for (const std::string name : {"git_base", "git_tied"}) {  // the second one has buffers of integers
    CAPTURE(name);
    const std::string model = test::fixture("models/" + name);
    const test::TemporaryFolder folder;
    const std::string words = words_of(model);
    CHECK(!words.empty());
    CHECK(words_of(model, {"--prompt", "<image>the cat"}) != words);
    const auto second = test::run({"caption", "--model", model, "--glances", "2", kSample});
    CHECK(second.exit_code == 2);
    CHECK(second.err.find("without ser_connector") != std::string::npos);
    const auto late = test::run({"caption", "--model", model, "--prompt", "a <image>", kSample});
    CHECK(late.exit_code == 2);
    CHECK(late.err.find("--prompt: expected <image> first") != std::string::npos);

    const auto info = test::run({"info", "--model", model, "--json"});
    REQUIRE_MESSAGE(info.exit_code == 0, info.err);
    CHECK(test::parse(info.out)["parts"].contains("language_model"));
    CHECK(test::run({"dump", "--model", model, "-o", folder / "dump", kSample}).exit_code == 0);
    CHECK(test::run({"bench", "--model", model, "--repeat", "1", "--new-tokens", "4"}).exit_code == 0);
    for (const std::string dtype : {"f16", "int8", "int4"}) {
      CAPTURE(dtype);
      const std::string small = folder / dtype, packed = small + "_packed";
      const auto quantized =
          test::run({"quantize", "--model", model, "--dtype", dtype, "-o", small, "--image", kSample, "--json"});
      REQUIRE_MESSAGE(quantized.exit_code == 0, quantized.err);
      const auto report = test::parse(quantized.out);
      for (const auto& [stage, cosine] : report["cosine"].items()) {
        CAPTURE(stage);
        CHECK(cosine.get<double>() > (dtype == "f16" ? 0.999999 : dtype == "int8" ? 0.997 : 0.95));
      }
      const auto pack = test::run({"pack", "--model", small, "-o", packed});
      REQUIRE_MESSAGE(pack.exit_code == 0, pack.err);
      const std::string its = words_of(small);
      CHECK(words_of(packed, {"--map"}) == its);
      if (dtype == "f16") CHECK(its == words);
    }
  }
}
