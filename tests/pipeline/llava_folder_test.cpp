// Directories of Hugging Face's LLaVA, loaded as they are.

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

// A golden model with the tiny tokenizer beside it, as a user would have it.
class LlavaFolder {
 public:
  explicit LlavaFolder(const std::string& name) {
    for (const char* file : {"config.json", "generation_config.json", "model.safetensors"}) {
      fs::copy_file(test::fixture("models/" + name + "/" + file), folder_ / file);
    }
    for (const char* file : {"vocab.json", "merges.txt"})
      fs::copy_file(test::fixture(concat("text/tiny/", file)), folder_ / file);
    size_ = read_json_file(folder_ / "config.json", 1 << 20)["vision_config"]["image_size"].get<std::int64_t>();
    write_file(folder_ / "preprocessor_config.json", processor().dump());
  }
  std::string operator/(const std::string& file) const { return folder_ / file; }
  Json processor() const {
    return Json{{"do_center_crop", true},
                {"do_resize", true},
                {"size", {{"shortest_edge", size_}}},
                {"crop_size", {{"height", size_}, {"width", size_}}},
                {"resample", 3},
                {"image_processor_type", "CLIPImageProcessor"}};
  }
  std::shared_ptr<const CaptionModel> load() const { return CaptionModel::load(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
  std::int64_t size_;
};

Image noise() {
  Image image(40, 30);
  for (Index y = 0; y < 30; ++y) {
    for (Index i = 0; i < 3 * 40; ++i) image.row(y)[i] = static_cast<std::uint8_t>((120 * y + i) * 31 % 251);
  }
  return image;
}

}  // namespace

TEST_CASE("a LLaVA's directory captions as it is, with its own prompt and with another") {
  for (const char* name : {"llava_clip_llama", "llava_siglip_qwen2"}) {
    CAPTURE(name);
    const LlavaFolder folder(name);
    ThreadPool pool(2);
    Captioner captioner(folder.load(), pool);
    CHECK_FALSE(captioner.model().refines());
    CHECK(captioner.model().preprocessor().processor.aspect == Aspect::kCrop);
    CHECK(captioner.model().generation().num_beams == 1);
    CHECK(captioner.model().generation().early_stopping == EarlyStopping::kFalse);
    std::map<std::string, std::vector<std::int32_t>> ids;
    CaptionOptions options;
    options.generation = captioner.model().generation();
    options.generation->max_new_tokens = 6;
    options.on_ids = [&](const std::string& what, const std::vector<std::int32_t>& values) { ids[what] = values; };
    const Caption own = captioner(noise(), options);
    CHECK(own.initial_ids.size() > 0);
    CHECK(own.rounds == 0);
    const Tokenizer& tokenizer = captioner.model().tokenizer();
    options.prompt = "Say </s><image> now:";
    captioner(noise(), options);
    std::vector<std::int32_t> expected = tokenizer.encode("Say ");
    expected.insert(expected.end(), {2, kImageToken});  // the template's </s> is the token
    const std::vector<std::int32_t> after = tokenizer.encode(" now:", {false, false});
    expected.insert(expected.end(), after.begin(), after.end());
    CHECK(ids["pass1.input_ids"] == expected);
    options.prompt = "no image";
    check_error(ErrorCode::kConfig, "prompt: expected <image> once", [&] { captioner(noise(), options); });
  }
}

TEST_CASE("a LLaVA's directory may lack generation settings and have transformers 5's processor file") {
  const LlavaFolder folder("llava_clip_llama");
  const Index eos = folder.load()->config().text_config.eos_token_id();
  fs::remove(folder / "generation_config.json");
  CHECK(folder.load()->generation().eos_token_ids == std::vector<std::int32_t>{static_cast<std::int32_t>(eos)});
  write_file(folder / "generation_config.json", R"({"max_length": 4096, "eos_token_id": [5, 6]})");
  CHECK(folder.load()->generation().eos_token_ids == std::vector<std::int32_t>{5, 6});
  fs::remove(folder / "preprocessor_config.json");
  check_error(ErrorCode::kFileNotFound, "preprocessor_config.json", [&] { folder.load(); });
  write_file(folder / "processor_config.json", Json{{"image_processor", folder.processor()}}.dump());
  CHECK(folder.load()->preprocessor().processor.aspect == Aspect::kCrop);
}

TEST_CASE("a copy of a LLaVA's directory is one again, with the files that it has") {
  const LlavaFolder folder("llava_siglip_qwen2");
  const test::TemporaryFolder copies;
  fs::remove(folder / "generation_config.json");
  write_model_folder(folder / "", copies / "plain", *open_model_weights(folder / ""), DType::kF32, "");
  CHECK(CaptionModel::load(copies / "plain")->config().model_type == "llava");
  CHECK_FALSE(fs::exists(copies / "plain/generation_config.json"));
  for (const char* file : {"vocab.json", "merges.txt"}) fs::remove(folder / file);
  check_error(ErrorCode::kFileNotFound, "vocab.json", [&] { ModelFolder none(folder / ""); });
  const std::string tokenizers = "text/tokenizer_json/gpt2/";
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"}) {
    if (fs::exists(test::fixture(tokenizers + file))) fs::copy_file(test::fixture(tokenizers + file), folder / file);
  }
  write_model_folder(folder / "", copies / "json", *open_model_weights(folder / ""), std::nullopt, "");
  CHECK(read_file(copies / "json/tokenizer.json", 1 << 24) == read_file(folder / "tokenizer.json", 1 << 24));
  CHECK_FALSE(fs::exists(copies / "json/vocab.json"));
}

TEST_CASE("a directory of an unknown kind is refused with the known ones, before its weights are read") {
  const LlavaFolder folder("llava_clip_llama");
  Json config = read_json_file(folder / "config.json", 1 << 20);
  config["model_type"] = "paligemma";
  write_file(folder / "config.json", config.dump());
  fs::remove(folder / "model.safetensors");
  check_error(ErrorCode::kConfig, "model_type: expected one of \"mm-ser\", \"llava\", ", [&] { folder.load(); });
}
