// `sharpeye verify` against golden files: one that our own dump makes, and the same with something wrong in it.

#include <cstring>
#include <functional>

#include "run_command.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"

using namespace sharpeye;
using test::run;

namespace {

const std::string kSample = SHARPEYE_SOURCE_DIR "/tools/sample.png";
const std::string kDemo = SHARPEYE_SOURCE_DIR "/weights/demo";

// What golden.py would write for the demo model, whose Python twin does not exist: our own values stand in for it.
class Golden {
 public:
  Golden() {
    const auto dumped = run({"dump", "--model", kDemo, kSample, "-o", folder_ / "dump", "--no-exif"});
    REQUIRE_MESSAGE(dumped.exit_code == 0, dumped.err);
    const SafetensorsFile dump(folder_ / "dump");
    for (const std::string& name : dump.names()) {
      const bool is_wanted = name == "pixel_values" || name == "connector.output" || name == "pass1.logits" ||
                             name.compare(0, 21, "vision.hidden_states.") == 0;
      if (is_wanted) add(name, dump.read(name));
    }
    const StoredTensor ids = dump.read("pass1.input_ids");
    std::vector<std::int32_t> prompt(static_cast<std::size_t>(ids.size()));
    for (std::size_t i = 0; i < prompt.size(); ++i) {
      std::int64_t id;
      std::memcpy(&id, ids.data + i * sizeof id, sizeof id);
      prompt[i] = static_cast<std::int32_t>(id);
    }
    add("pass1.input_ids", prompt);
    const auto captioned = run({"caption", "--model", kDemo, "--glances", "1", "--beams", "1", "--json", kSample});
    std::vector<std::int32_t> written;
    const Json line = test::parse(captioned.out);
    for (const Json& id : line["tokens"]["initial"].elements()) {
      written.push_back(static_cast<std::int32_t>(id.get<std::int64_t>()));
    }
    written.pop_back();  // the end token
    add("ids.1", written);
    const Image image = read_image(kSample, default_decoder());
    std::vector<std::uint8_t> samples;
    for (Index y = 0; y < image.height(); ++y) {
      samples.insert(samples.end(), image.row(y), image.row(y) + 3 * image.width());
    }
    source_.add(make_tensor("0.image", {image.height(), image.width(), 3}, samples));
  }
  void add(const std::string& name, StoredTensor tensor) {
    tensor.name = "0." + name;
    source_.add(std::move(tensor));
  }
  void add(const std::string& name, const std::vector<std::int32_t>& ids) {
    source_.add(make_tensor("0." + name, {static_cast<Index>(ids.size())}, ids));
  }
  // Adds `by` to one number of a tensor.
  void change(const std::string& name, std::size_t at, float by) {
    const StoredTensor tensor = source_.read("0." + name);
    std::vector<float> values(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(values.data());
    values.at(at) += by;
    source_.add("0." + name, tensor.shape, values);
  }
  test::Result verify(const std::vector<std::string>& more = {}, const std::string& image = kSample) const {
    write_safetensors(folder_ / "golden", source_,
                      {{"images", Json{{"paths", Json::List{image}}}.dump()},
                       {"settings", Json{{"prompt", ""}, {"max_new_tokens", 77}}.dump()}});
    std::vector<std::string> words{"verify", "--model", kDemo, folder_ / "golden"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

 private:
  test::TemporaryFolder folder_;
  MemorySource source_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what equals the golden file is right, stage by stage") {
  const Golden golden;
  const auto result = golden.verify();
  CHECK_MESSAGE(result.exit_code == 0, result.out);
  CHECK(has(result.err, "all stages of 1 images are right"));
  std::vector<std::string> stages;
  for (const std::string& line : test::lines_of(result.out)) {
    if (has(line, "right")) stages.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  CHECK(stages.size() == 12);
  CHECK(stages.front() == "image");
  CHECK(stages[1] == "pixel_values");
  CHECK(stages[2] == "vision.hidden_states.0");
  CHECK(stages.back() == "ids.1");
  const Json json = test::parse(golden.verify({"--json"}).out);
  CHECK(json["stages"].elements().size() == 12);
  CHECK(json["stages"].elements()[0]["right"] == true);
  // Somewhere else.
  CHECK(golden.verify({"--images", SHARPEYE_SOURCE_DIR "/tools"}, "/nowhere/sample.png").exit_code == 0);
}

TEST_CASE("what differs is named with the first place, and the first stage of all") {
  Golden golden;
  golden.change("vision.hidden_states.3", 130, 1);
  golden.change("pass1.logits", 7, 1000);
  golden.add("ids.1", {5, 6});
  const auto result = golden.verify();
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, "the first difference: " + kSample + ": vision.hidden_states.3"));
  const std::string& text = result.out;
  CHECK(has(text, "WRONG, 1 elements not equal; at 130: expected "));
  CHECK(has(text, "at 0: expected 5, actual "));
  std::size_t wrong = 0;
  for (std::size_t at = 0; (at = text.find("WRONG", at)) != std::string::npos; ++at) ++wrong;
  CHECK(wrong == 3);
}

TEST_CASE("pixels must be equal to the bit, and hidden states need not be") {
  Golden pixels;
  pixels.change("pixel_values", 9, 1e-6f);
  CHECK(has(pixels.verify().err, ": pixel_values"));
  Golden states;
  states.change("vision.hidden_states.2", 9, 1e-5f);
  CHECK(states.verify().exit_code == 0);
}

TEST_CASE("a golden file that is none, and an image that is gone, are named") {
  const Golden golden;
  const auto gone = golden.verify({}, "/nowhere/sample.png");
  CHECK(gone.exit_code == 1);
  CHECK(has(gone.err, "/nowhere/sample.png"));
  const auto none = run({"verify", "--model", kDemo, kDemo + "/model.safetensors"});
  CHECK(none.exit_code == 2);
  CHECK(has(none.err, "expected what tools/convert/golden.py writes"));
}
