// `sharpeye reconstruct`: decoders for several sets of layers, their numbers and the sheet.

#include <filesystem>

#include "run_command.hpp"

using test::run;
using test::world;

TEST_CASE("reconstruct trains a decoder for each set of layers, and goes on where it ended") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "images");
  for (unsigned i = 0; i < 3; ++i) test::write_image(folder / ("images/" + std::to_string(i) + ".ppm"), 40, 30, i + 1);
  const std::vector<std::string> line{
      "reconstruct", "--model", world().model(), "--data", folder / "images", "--test", folder / "images",
      "--layers",    "1",       "--layers",      "1,3",    "--steps",         "4",      "--batch-size",
      "2",           "-o",      folder / "out"};
  const auto result = run(line);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const auto lines = test::lines_of(result.out);
  REQUIRE(lines.size() == 2);
  CHECK(test::parse(lines[1]).at("layers").get<std::vector<int>>() == std::vector<int>{1, 3});
  for (const std::string& one : lines) {
    const double error = test::parse(one).at("mean_squared_error").get<double>();
    CHECK((error > 0 && error < 1));
  }
  CHECK(test::read_text(folder / "out/sheet.png").substr(1, 3) == "PNG");
  for (const char* name : {"layers_1", "layers_1_3"}) {
    CHECK(std::filesystem::exists(folder / ("out/" + std::string(name) + "/decoder.safetensors")));
  }
  CHECK(run(line).out == result.out);  // nothing is left to do
}

TEST_CASE("reconstruct refuses layers that are none") {
  const test::TemporaryFolder folder;
  for (const auto& [layers, part] : {std::pair<std::string, std::string>{"1,x", "--layers: expected numbers of layers"},
                                     {"", "--layers: expected numbers of layers"},
                                     {"1,,2", "--layers: expected numbers of layers"},
                                     {"7", "layers: expected 0 to 3, actual 7"}}) {
    test::check_refused({"reconstruct", "--model", world().model(), "--data", world().image_a(), "--test",
                         world().image_b(), "--layers", layers, "-o", folder / "out"},
                        part);
    CHECK(!std::filesystem::exists(folder / "out"));
  }
}
