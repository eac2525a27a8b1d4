#include <filesystem>
#include <functional>
#include <limits>

#include "run_command.hpp"
#include "sharpeye/io/panels.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"

namespace {

const std::string kDemo = SHARPEYE_SOURCE_DIR "/weights/demo";
const std::string kSample = SHARPEYE_SOURCE_DIR "/tools/sample.png";

std::string caption_of(const std::string& model, bool map) {
  std::vector<std::string> words{"caption", "--model", model, "--json", kSample};
  if (map) words.push_back("--map");
  const auto result = test::run(words);
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return test::parse(result.out)["tokens"].dump();
}

// All tensors of the image's captioning, as bytes.
std::string dump_of(const std::string& model, const std::string& file) {
  const auto result = test::run({"dump", "--model", model, "--map", kSample, "-o", file});
  REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  return test::read_text(file);
}

}  // namespace

TEST_CASE("a packed model computes the same bits as the one it was made of, read or mapped") {
  const test::TemporaryFolder folder;
  for (const std::string dtype : {"f32", "f16", "bf16", "int8", "int4"}) {
    CAPTURE(dtype);
    std::string model = kDemo;
    if (dtype == "f32") {
      model = test::world().model();
    } else if (dtype != "f16") {
      model = folder / dtype;
      REQUIRE(test::run({"quantize", "--model", kDemo, "--dtype", dtype, "-o", model}).exit_code == 0);
    }
    const std::string packed = folder / (dtype + "-packed"), again = folder / (dtype + "-again");
    const auto result = test::run({"pack", "--model", model, "-o", packed});
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    CHECK(dump_of(packed, folder / "b") == dump_of(model, folder / "a"));
    const std::string tokens = caption_of(model, false);
    CHECK(caption_of(packed, false) == tokens);
    CHECK(caption_of(packed, true) == tokens);
    CHECK(test::run({"info", "--model", packed}).exit_code == 0);
    // Packing what is packed changes nothing, and every matrix begins on a cache line.
    REQUIRE(test::run({"pack", "--model", packed, "-o", again}).exit_code == 0);
    CHECK(test::read_text(again + "/model.safetensors") == test::read_text(packed + "/model.safetensors"));
    const sharpeye::SafetensorsFile file(packed + "/model.safetensors");
    sharpeye::Index panels = 0;
    for (const std::string& name : file.names()) {
      if (!sharpeye::is_panels_name(name)) continue;
      CHECK((file.header().data_begin + file.info(name).begin) % 64 == 0);
      ++panels;
    }
    CHECK(panels > 20);
  }
}

TEST_CASE("what needs plain weights says so, and damaged panels are refused by name") {
  const test::TemporaryFolder folder;
  const std::string packed = folder / "packed";
  REQUIRE(test::run({"pack", "--model", test::world().model(), "-o", packed}).exit_code == 0);
  test::check_refused({"pack", "--model", test::world().model(), "-o", packed}, "--force replaces it");
  test::check_refused({"pack", "--model", packed, "-o", packed, "--force"}, "expected another directory");

  const sharpeye::SafetensorsFile file(packed + "/model.safetensors");
  const std::string name = "language_model.model.decoder.layers.0.fc1.weight_panels";
  const auto damage = [&](const std::function<void(sharpeye::WeightTensor&, std::vector<float>&)>& change) {
    sharpeye::MemorySource source;
    for (const std::string& each : file.names()) {
      sharpeye::WeightTensor tensor = file.read(each);
      if (each == name) {
        std::vector<float> values(static_cast<std::size_t>(tensor.size()));
        tensor.copy_to(values.data());
        change(tensor, values);
        source.add(name, tensor.shape, values);
      } else {
        source.add(tensor);
      }
    }
    std::filesystem::copy(packed, folder / "damaged");
    sharpeye::write_safetensors(folder / "damaged/model.safetensors", source);
    const auto result = test::run({"caption", "--model", folder / "damaged", test::world().image_a()});
    std::filesystem::remove_all(folder / "damaged");
    CHECK(result.exit_code == 2);
    return result.err;
  };
  CHECK(damage([](auto&, auto& values) {
          values[17] = std::numeric_limits<float>::quiet_NaN();
        }).find(name + ": expected finite weights, element 17 is nan") != std::string::npos);
  CHECK(damage([](auto& tensor, auto& values) {
          values.resize(values.size() / 2);
          tensor.shape[0] /= 2;
        }).find(name + ": expected [") != std::string::npos);
}
