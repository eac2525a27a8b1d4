#include <filesystem>
#include <iterator>
#include <set>

#include "run_command.hpp"
#include "sharpeye/io/safetensors.hpp"

namespace {

const std::string kDemo = SHARPEYE_SOURCE_DIR "/weights/demo";

std::set<std::string> words_of(const std::string& text) {
  std::istringstream stream(text.substr(0, text.find('.')));
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

}  // namespace

TEST_CASE("the demo model that ships is small, and knows what is in its sample") {
  const sharpeye::SafetensorsFile weights(kDemo + "/model.safetensors");
  CHECK(std::filesystem::file_size(kDemo + "/model.safetensors") <= 8'000'000);
  for (const std::string& name : weights.names()) CHECK(weights.info(name).dtype == sharpeye::DType::kF16);

  const auto result = test::run({"caption", "--model", kDemo, "--json", SHARPEYE_SOURCE_DIR "/tools/sample.png"});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  CHECK(result.err.empty());  // nothing about random weights
  const auto caption = test::parse(result.out);
  // tools/sample.png is scene 65 of the test split, seed 1.
  const std::set<std::string> truth = words_of("a large plain pink ring around a small checkered purple heart.");
  for (const char* glance : {"initial", "refined"}) {
    CAPTURE(caption[glance]);
    std::size_t known = 0;
    for (const std::string& word : words_of(caption[glance].get<std::string>())) known += truth.count(word);
    // The first glance takes the ring for a sleeping face; the second one finds all.
    CHECK(known * 10 >= truth.size() * (std::string(glance) == "refined" ? 10 : 6));
  }
}
