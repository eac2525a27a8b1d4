// Directories of Hugging Face's GIT, loaded as they are: tests/reference/make_git_goldens.py.

#include <filesystem>
#include <map>

#include "io/io_support.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "support/golden.hpp"

using namespace sharpeye;
using test::check_error;
namespace fs = std::filesystem;

namespace {

const char* const kModels[] = {"git_base", "git_tied"};

// A golden model's directory, which a test may change.
class GitFolder {
 public:
  explicit GitFolder(const std::string& name) {
    fs::copy(test::fixture("models/" + name), folder_.path(), fs::copy_options::recursive);
  }
  std::string operator/(const std::string& file) const { return folder_ / file; }
  std::shared_ptr<const CaptionModel> load() const { return CaptionModel::load(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

// painted() of make_git_goldens.py.
Image painted() {
  Image image(40, 30);
  for (Index y = 0; y < 30; ++y) {
    for (Index i = 0; i < 3 * 40; ++i) image.row(y)[i] = static_cast<std::uint8_t>((120 * y + i) * 31 % 251);
  }
  return image;
}

CaptionOptions short_captions(const CaptionModel& model) {
  CaptionOptions options;
  options.generation = model.generation();
  options.generation->max_new_tokens = 32;
  return options;
}

}  // namespace

TEST_CASE("a GIT's directory captions as it is, in Hugging Face's very words, with and without a prompt") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const test::Golden golden(name);
    const GitFolder folder(name);
    ThreadPool pool(2);
    Captioner captioner(folder.load(), pool);
    CHECK_FALSE(captioner.model().refines());
    CHECK(captioner.model().preprocessor().processor.aspect == Aspect::kCrop);
    CHECK(ImageProcessor(captioner.model().preprocessor().processor)(painted()) ==
          golden.floats("painted.pixel_values"));
    std::map<std::string, std::vector<std::int32_t>> ids;
    CaptionOptions options = short_captions(captioner.model());
    options.on_ids = [&](const std::string& what, const std::vector<std::int32_t>& values) { ids[what] = values; };
    CHECK(captioner(painted(), options).initial == golden.text("painted.plain"));
    CHECK(ids["pass1.input_ids"] == std::vector<std::int32_t>{kImageToken, 101});
    options.prompt = "<image>The cat's street, on";
    CHECK(captioner(painted(), options).initial == golden.text("painted.prompt"));
    CHECK(ids["pass1.input_ids"].size() == 9);
    options.prompt = "A photo: <image>";
    check_error(ErrorCode::kConfig, "prompt: expected <image> first", [&] { captioner(painted(), options); });
  }
}

TEST_CASE("a GIT's directory may have vocab.txt only, and lack generation settings") {
  const GitFolder folder("git_base");
  fs::remove(folder / "generation_config.json");
  CHECK(folder.load()->generation().eos_token_ids == std::vector<std::int32_t>{102});
  fs::remove(folder / "tokenizer.json");
  ThreadPool pool(1);
  const test::Golden golden("git_base");
  Captioner captioner(folder.load(), pool);
  CaptionOptions options = short_captions(captioner.model());
  options.generation->eos_token_ids = golden.ids("eos");
  CHECK(captioner(painted(), options).initial == golden.text("painted.plain"));
  fs::remove(folder / "vocab.txt");
  check_error(ErrorCode::kFileNotFound, "vocab.txt (BERT's WordPiece), actual none of them", [&] { folder.load(); });
}

TEST_CASE("a GIT's tokenizer must begin texts, and fit, before weights are read") {
  const GitFolder folder("git_base");
  fs::remove(folder / "model.safetensors");
  const std::string path = folder / "config.json";
  Json config = read_json_file(path, 1 << 20);
  config["bos_token_id"] = 7;
  write_file(path, config.dump());
  check_error(ErrorCode::kConfig, "expected a tokenizer that begins texts with the token 7 (bos_token_id), actual 101",
              [&] { folder.load(); });
  config["bos_token_id"] = 101;
  config["vocab_size"] = 150;
  write_file(path, config.dump());
  write_file(folder / "generation_config.json", "{}");
  check_error(ErrorCode::kConfig, "tokenizer.json: expected at most 150 tokens", [&] { folder.load(); });
}

TEST_CASE("a copy of a GIT's directory is one again") {
  for (const char* name : kModels) {
    const GitFolder folder(name);
    const test::TemporaryFolder copies;
    fs::remove(folder / "tokenizer.json");
    write_model_folder(folder / "", copies / "copy", *open_model_weights(folder / ""), std::nullopt, "");
    CHECK(CaptionModel::load(copies / "copy")->config().model_type == "git");
    CHECK(read_file(copies / "copy/vocab.txt", 1 << 20) == read_file(folder / "vocab.txt", 1 << 20));
  }
}
