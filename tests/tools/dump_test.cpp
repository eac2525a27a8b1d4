#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

using sharpeye::Index;
using test::run;
using test::world;

namespace {

// What the tiny preset's dump holds: 16 patches, width 32, 260 tokens; `first` and `second` are the prompts' ids.
std::map<std::string, std::vector<Index>> expected_shapes(Index first, Index second) {
  std::map<std::string, std::vector<Index>> shapes{{"pixel_values", {3, 32, 32}},
                                                   {"connector.output", {16, 32}},
                                                   {"pass1.input_ids", {first}},
                                                   {"pass1.inputs_embeds", {first + 15, 32}},
                                                   {"pass1.logits", {first + 15, 260}},
                                                   {"ser.features", {16, 96}},
                                                   {"ser.output", {16, 32}},
                                                   {"pass2.input_ids", {second}},
                                                   {"pass2.inputs_embeds", {second + 15, 32}},
                                                   {"pass2.logits", {second + 15, 260}}};
  for (int layer = 0; layer <= 3; ++layer) shapes["vision.hidden_states." + std::to_string(layer)] = {17, 32};
  return shapes;
}

std::vector<double> values_of(const sharpeye::SafetensorsFile& file, const std::string& name) {
  const sharpeye::StoredTensor tensor = file.read(name);
  std::vector<double> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return values;
}

}  // namespace

TEST_CASE("dump has every intermediate in its shape") {
  const test::TemporaryFolder folder;
  const auto result =
      run({"dump", "--model", world().model(), world().image_a(), "--initial", "  two cats\n", "-o", folder / "d"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const sharpeye::SafetensorsFile file(folder / "d");
  // BOS, the image, and 6 + 32 or 8 characters.
  const auto shapes = expected_shapes(2 + 6 + 32, 2 + 8);
  for (const std::string& name : file.names()) CHECK_MESSAGE(shapes.count(name) == 1, name);
  for (const auto& expected : shapes) {
    const std::string& name = expected.first;
    REQUIRE_MESSAGE(file.find(name) != nullptr, name);
    CHECK_MESSAGE(file.info(name).shape == expected.second, name);
    CHECK(file.info(name).dtype ==
          (name.find("input_ids") == std::string::npos ? sharpeye::DType::kF32 : sharpeye::DType::kI64));
  }
  // </s> <image> t w o ...: the built-in vocabulary has the bytes from 4 on.
  const std::vector<double> second{2, -200, 4 + 't', 4 + 'w', 4 + 'o', 4 + ' ', 4 + 'c', 4 + 'a', 4 + 't', 4 + 's'};
  CHECK(values_of(file, "pass2.input_ids") == second);
  const std::vector<double> first = values_of(file, "pass1.input_ids");
  CHECK(first[7] == -200);
  CHECK(std::count(first.begin(), first.end(), -200) == 1);
}

TEST_CASE("pictures are turned upright, but not with --no-exif") {
  const test::TemporaryFolder folder;
  const std::string picture = test::fixture("image/orientation_6.png");
  const auto pixels = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"dump", "--model", world().model(), picture, "--initial",
                                       "a",    "-o",      folder / "d"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run(arguments);
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    return values_of(sharpeye::SafetensorsFile(folder / "d"), "pixel_values");
  };
  const std::vector<double> turned = pixels({"--aspect", "squash"});
  const std::vector<double> stored = pixels({"--aspect", "squash", "--no-exif"});
  REQUIRE(turned.size() == stored.size());
  CHECK(turned != stored);
  // The squares are of one picture: the stored one turned clockwise, but for the order of the two resizing passes.
  const std::size_t size = 32;
  double largest = 0;
  for (std::size_t y = 0; y < size; ++y) {
    for (std::size_t x = 0; x < size; ++x) {
      largest = std::max(largest, std::abs(turned[y * size + x] - stored[(size - 1 - x) * size + y]));
    }
  }
  CHECK(largest < 0.1);
}

TEST_CASE("without --initial the caption in the dump is caption's own") {
  const test::TemporaryFolder folder;
  const auto dumped = run({"dump", "--model", world().model(), world().image_b(), "-o", folder / "d"});
  REQUIRE_MESSAGE(dumped.exit_code == 0, dumped.err);
  const auto captioned = run({"caption", "--json", "--model", world().model(), world().image_b()});
  const sharpeye::SafetensorsFile file(folder / "d");
  const sharpeye::Json json = test::parse(captioned.out);
  CHECK(file.header().metadata.at("initial") == json.at("initial"));
  CHECK(file.header().metadata.at("refined") == json.at("refined"));
  // Greedily, the first token is the likeliest of the last row of logits.
  const auto greedy = run({"caption", "--json", "--beams", "1", "--model", world().model(), world().image_b()});
  const std::vector<double> logits = values_of(file, "pass1.logits");
  const auto likeliest = std::max_element(logits.end() - 260, logits.end()) - (logits.end() - 260);
  CHECK(test::parse(greedy.out).at("tokens").at("initial").at(0) == likeliest);
}

TEST_CASE("dump fails with a name and leaves nothing behind") {
  const test::TemporaryFolder folder;
  const auto missing = run({"dump", "--model", world().model(), folder / "no.png", "-o", folder / "d"});
  CHECK(missing.exit_code == 1);
  CHECK(missing.err.find(folder / "no.png") != std::string::npos);
  const auto unwritable = run({"dump", "--model", world().model(), world().image_a(), "-o", folder / "no/d"});
  CHECK(unwritable.exit_code != 0);
  CHECK(unwritable.err.find(folder / "no/d") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder.path()));
  test::check_refused({"dump", "--model", world().model(), world().image_a()}, "--output is required");
}
