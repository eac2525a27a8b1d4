#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include "run_command.hpp"
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

namespace {

// The packed model with one tensor's elements changed, as `sharpeye caption` finds it. @return its exit code and stderr
test::Result caption_damaged(const std::string& packed, const std::string& name,
                             const std::function<void(sharpeye::StoredTensor&, std::vector<std::byte>&)>& change) {
  const test::TemporaryFolder folder;
  std::filesystem::copy(packed, folder / "damaged");
  const sharpeye::SafetensorsFile file(packed + "/model.safetensors");
  sharpeye::MemorySource source;
  for (const std::string& each : file.names()) {
    sharpeye::StoredTensor tensor = file.read(each);
    if (each == name) {
      const auto bytes = std::make_shared<std::vector<std::byte>>(
          tensor.data, tensor.data + tensor.size() * sharpeye::size_of(tensor.dtype));
      change(tensor, *bytes);
      tensor.data = bytes->data();
      tensor.owner = bytes;
    }
    source.add(tensor);
  }
  sharpeye::write_safetensors(folder / "damaged/model.safetensors", source);
  return test::run({"caption", "--model", folder / "damaged", kSample});
}

void put(std::vector<std::byte>& bytes, std::size_t at, const void* value, std::size_t size) {
  std::memcpy(bytes.data() + at, value, size);
}

}  // namespace

TEST_CASE("what needs plain weights says so before it writes anything") {
  const test::TemporaryFolder folder;
  const std::string packed = folder / "packed", data = folder / "data";
  REQUIRE(test::run({"pack", "--model", kDemo, "-o", packed}).exit_code == 0);
  REQUIRE(test::run({"scenes", "--count", "4", "--seed", "1", "-o", data}).exit_code == 0);
  test::check_refused({"pack", "--model", kDemo, "-o", packed}, "--force replaces it");
  test::check_refused({"pack", "--model", packed, "-o", packed, "--force"}, "expected another directory");
  const std::string plain = "expected plain weights, actual packed ones", out = folder / "out";
  test::check_refused({"quantize", "--model", packed, "--dtype", "int8", "-o", out}, plain);
  test::check_refused({"init", "--preset", "demo", "--tokenizer", packed, "--weights", packed, "-o", out}, plain);
  for (const char* stage : {"vision", "caption", "refine"}) {
    CAPTURE(stage);
    const std::string captions = stage == std::string("vision") ? data + "/coarse.json" : data;
    const auto result = test::run({"train", stage, "--data", captions, "--model", packed, "-o", out, "--steps", "1"});
    CHECK(result.exit_code == 2);
    CHECK_MESSAGE(result.err.find(plain) != std::string::npos, result.err);
  }
  CHECK_FALSE(std::filesystem::exists(out + "/config.json"));
}

TEST_CASE("damaged panels of every precision are refused by name") {
  const test::TemporaryFolder folder;
  const std::string name = "language_model.model.decoder.layers.0.fc1.weight_panels";
  for (const std::string dtype : {"f16", "int8", "int4"}) {
    CAPTURE(dtype);
    std::string model = kDemo;
    if (dtype != "f16") {
      model = folder / dtype;
      REQUIRE(test::run({"quantize", "--model", kDemo, "--dtype", dtype, "-o", model}).exit_code == 0);
    }
    const std::string packed = folder / (dtype + "-packed");
    REQUIRE(test::run({"pack", "--model", model, "-o", packed}).exit_code == 0);
    const auto spoilt = caption_damaged(packed, name, [&](auto&, auto& bytes) {
      const std::uint16_t infinite = 0x7c00;
      const std::uint8_t large = 200;
      if (dtype == "int8") {
        put(bytes, 5, &large, sizeof large);
      } else {
        put(bytes, 2 * 5, &infinite, sizeof infinite);
      }
    });
    CHECK(spoilt.exit_code == 2);
    const std::string expected = dtype == "int8" ? ": expected numbers of at most 63, element 5 is 136"
                                                 : ": expected finite weights, element 5 is inf";
    CHECK_MESSAGE(spoilt.err.find(name + expected) != std::string::npos, spoilt.err);
    const auto cut = caption_damaged(packed, name, [](auto& tensor, auto&) { tensor.shape[0] /= 2; });
    CHECK(cut.exit_code == 2);
    CHECK_MESSAGE(cut.err.find(name + ": expected [") != std::string::npos, cut.err);
  }
}

TEST_CASE("panels that begin anywhere in a file give the same text") {
  const test::TemporaryFolder folder;
  const std::string packed = folder / "packed", path = packed + "/model.safetensors";
  REQUIRE(test::run({"pack", "--model", kDemo, "-o", packed}).exit_code == 0);
  const std::string tokens = caption_of(packed, true);
  std::string bytes = test::read_text(path);
  bytes[0] = static_cast<char>(bytes[0] + 1);  // the header, one blank longer
  bytes.insert(8 + sharpeye::SafetensorsFile(path).header().data_begin - 8, " ");
  test::write_text(path, bytes);
  CHECK(caption_of(packed, true) == tokens);
  CHECK(caption_of(packed, false) == tokens);
}
