// The commands on a directory of Idefics3's: each works, or says why not.

#include <filesystem>

#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

using test::parse;
using test::run;

namespace {

const std::string kModel = SHARPEYE_SOURCE_DIR "/tests/fixtures/models/idefics3_tiny";

sharpeye::Json caption(const std::string& model, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"caption", "--json", "--model", model, test::world().image_a()});
  const auto result = run(more);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return parse(result.out)["tokens"]["initial"];
}

}  // namespace

TEST_CASE("caption splits images, or with --no-split looks at the whole, for any number of threads") {
  CHECK(caption(kModel) != caption(kModel, {"--no-split"}));
  CHECK(caption(kModel, {"--threads", "1"}) == caption(kModel, {"--threads", "3"}));
  CHECK(caption(kModel, {"--prompt", "<|im_start|>User:<image>Why?<end_of_utterance>\nAssistant:"}) != caption(kModel));
  test::check_refused({"caption", "--model", kModel, "--aspect", "pad", "a.png"}, "aspect: expected none");
  test::check_refused({"caption", "--model", kModel, "--glances", "2", "a.png"}, "--glances: expected 1");
  test::check_refused({"caption", "--model", test::world().model(), "--no-split", "a.png"},
                      "split: expected a model that splits images into tiles");
}

TEST_CASE("dump names the tensors of each tile; without splitting they have their usual names") {
  const test::TemporaryFolder folder;
  const std::string tiles = folder / "tiles.safetensors", whole = folder / "whole.safetensors";
  REQUIRE(run({"dump", "--model", kModel, "-o", tiles, test::world().image_a()}).exit_code == 0);
  REQUIRE(run({"dump", "--model", kModel, "--no-split", "-o", whole, test::world().image_a()}).exit_code == 0);
  const sharpeye::SafetensorsFile of_tiles(tiles), of_whole(whole);
  CHECK(of_tiles.info("tiles.9.pixel_values").shape == std::vector<sharpeye::Index>{3, 32, 32});
  CHECK(of_tiles.info("tiles.0.vision.hidden_states.3").shape == std::vector<sharpeye::Index>{64, 24});
  CHECK(of_tiles.info("connector.output").shape == std::vector<sharpeye::Index>{40, 24});
  CHECK(of_whole.info("pixel_values").shape == std::vector<sharpeye::Index>{3, 32, 32});
  CHECK(of_whole.info("connector.output").shape == std::vector<sharpeye::Index>{4, 24});
}

TEST_CASE("info counts the operations of a split photograph, and bench measures one") {
  const auto table = run({"info", "--model", kModel});
  CHECK(table.out.find("images of 4:3 in 9 tiles and as a whole:") != std::string::npos);
  CHECK(table.out.find("blocks of 4 x 4 patches, 4 visual tokens") != std::string::npos);
  const auto info = parse(run({"info", "--model", kModel, "--json"}).out);
  CHECK(info["flops_assume"]["squares"].get<int>() == 10);
  CHECK(info["parts"]["multi_modal_projector"]["parameters"].get<int>() == 16 * 24 * 24);
  CHECK(info["parts"]["unused"]["bytes"].get<int>() == 0);
  const auto bench = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"bench", "--json", "--repeat", "1", "--new-tokens", "2", "--model", kModel});
    const auto result = run(more);
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    return parse(result.out)["stages"]["vision"]["limit_ms"].get<double>();
  };
  CHECK(bench({}) > 4 * bench({"--no-split"}));  // ten squares; the peak is measured anew each time
}

TEST_CASE("a packed Idefics3 writes the same, and a quantized one captions") {
  const test::TemporaryFolder folder;
  const std::string packed = folder / "packed", small = folder / "small";
  const auto pack = run({"pack", "--model", kModel, "-o", packed});
  REQUIRE_MESSAGE(pack.exit_code == 0, pack.err);
  CHECK(caption(packed) == caption(kModel));
  CHECK(caption(packed, {"--map", "--no-split"}) == caption(kModel, {"--no-split"}));
  const auto quantize = run(
      {"quantize", "--model", kModel, "--dtype", "int8", "-o", small, "--image", test::world().image_a(), "--json"});
  REQUIRE_MESSAGE(quantize.exit_code == 0, quantize.err);
  const sharpeye::Json report = parse(quantize.out);
  CHECK(report["cosine"]["connector.output"].get<double>() > 0.999);
  CHECK(report["cosine"]["pass1.logits"].get<double>() > 0.99);
  CHECK(!caption(small).elements().empty());
  CHECK(std::filesystem::exists(small + "/processor_config.json"));
}
