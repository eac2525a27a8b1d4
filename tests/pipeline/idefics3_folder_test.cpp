// A directory of Idefics3's, loaded as it is: what it writes is what transformers 5 writes from the image's samples on
// (tests/reference/make_idefics3_goldens.py), and what is wrong in it is one error before weights are read.

#include <filesystem>
#include <map>

#include "io/io_support.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "sharpeye/pipeline/flops.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "support/golden.hpp"
#include "support/tile_pixels.hpp"

using namespace sharpeye;
using test::check_error;
namespace fs = std::filesystem;

namespace {

// A copy of the golden model, to be changed.
class TinyFolder {
 public:
  TinyFolder() {
    for (const char* file : {"config.json", "generation_config.json", "model.safetensors", "processor_config.json",
                             "tokenizer.json", "tokenizer_config.json"}) {
      fs::copy_file(test::fixture(concat("models/idefics3_tiny/", file)), folder_ / file);
    }
  }
  std::string operator/(const std::string& file) const { return folder_ / file; }
  Json read(const std::string& file) const { return read_json_file(folder_ / file, 1 << 20); }
  void write(const std::string& file, const Json& json) const { write_file(folder_ / file, json.dump()); }
  std::shared_ptr<const CaptionModel> load() const { return CaptionModel::load(folder_.path()); }
  // As published: the image processor's file stands alone.
  void split_processor_file() const {
    Json both = read("processor_config.json");
    write("preprocessor_config.json", both["image_processor"]);
    both.erase("image_processor");
    write("processor_config.json", both);
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("an Idefics3's directory writes Hugging Face's ids from the image on, and its prompts are its processor's") {
  const test::Golden golden("idefics3_tiny");
  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(golden.folder()), pool);
  CHECK_FALSE(captioner.model().refines());
  for (int number = 0; number < 8; ++number) {
    const bool split = golden.ids(concat("splits.", number)).front() == 1;
    captioner.set_split(split);
    for (const Index beams : {1, 3}) {
      CAPTURE(number);
      CAPTURE(beams);
      std::map<std::string, std::vector<std::int32_t>> ids;
      CaptionOptions options;
      options.prompt =
          "<|im_start|>User:<image>" + golden.text(concat("texts.", number)) + "<end_of_utterance>\nAssistant:";
      options.on_ids = [&](const std::string& what, const std::vector<std::int32_t>& values) { ids[what] = values; };
      options.generation = captioner.model().generation();
      options.generation->num_beams = beams;
      options.generation->max_new_tokens = 32;
      const Caption caption = captioner(test::noise(50, 37), options);
      CHECK(ids["pass1.input_ids"] == golden.ids(concat("prompts.", number)));
      CHECK(caption.initial_ids == golden.ids(concat("ids.", number, '.', beams)));
      CHECK(caption.rounds == 0);
    }
  }
}

TEST_CASE("tile markers: a row to a line, an empty line, and the whole image") {
  CHECK(tile_markers({}) == "<fake_token_around_image><global-img><image><fake_token_around_image>");
  CHECK(tile_markers({2, 1}) ==
        "<fake_token_around_image><row_1_col_1><image>\n<fake_token_around_image><row_2_col_1><image>\n"
        "\n<fake_token_around_image><global-img><image><fake_token_around_image>");
}

TEST_CASE("a split image is traced tile by tile") {
  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(test::fixture("models/idefics3_tiny")), pool);
  std::map<std::string, std::pair<Index, Index>> shapes;
  CaptionOptions options;
  options.on_tensor = [&](const std::string& name, const TensorView& values) {
    shapes[name] = {values.rows, values.columns};
  };
  captioner(test::noise(50, 37), options);
  CHECK(shapes.count("tiles.9.pixel_values") == 1);
  CHECK(shapes.count("tiles.10.pixel_values") == 0);
  CHECK(shapes["tiles.9.vision.hidden_states.3"] == std::pair<Index, Index>{64, 24});
  CHECK(shapes["connector.output"] == std::pair<Index, Index>{40, 24});
  shapes.clear();
  captioner.set_split(false);
  captioner(test::noise(50, 37), options);
  CHECK(shapes.count("pixel_values") == 1);
  CHECK(shapes["connector.output"] == std::pair<Index, Index>{4, 24});
}

TEST_CASE("the files as published: a preprocessor_config.json, and image_seq_len in processor_config.json") {
  const TinyFolder folder;
  folder.split_processor_file();
  const auto model = folder.load();
  CHECK(model->preprocessor().processor.tiling->longest_edge == 96);
  CHECK(model->preprocessor().processor.tiling->split);
  const Json written = model->preprocessor().to_json();
  CHECK(PreprocessorConfig::from_json(JsonReader(written, "again"), 32).to_json() == written);
  fs::remove(folder / "processor_config.json");
  CHECK_NOTHROW(folder.load());
}

TEST_CASE("parts of Idefics3 that do not go together are one error before weights are read") {
  const auto refuses = [](const char* part, const auto& change) {
    const TinyFolder folder;
    folder.split_processor_file();
    fs::remove(folder / "model.safetensors");
    change(folder);
    check_error(ErrorCode::kConfig, part, [&] { folder.load(); });
  };
  const auto set = [](const char* file, const char* key, const Json& value) {
    return [=](const TinyFolder& folder) {
      Json json = folder.read(file);
      json[key] = value;
      folder.write(file, json);
    };
  };
  constexpr const char* images = "preprocessor_config.json";
  refuses("processor_config.json: image_seq_len: expected integer in [4, 4], actual 64",
          set("processor_config.json", "image_seq_len", 64));
  refuses("max_image_size.longest_edge: expected integer in [32, 32], actual 364",
          set(images, "max_image_size", Json{{"longest_edge", 364}}));
  refuses("max_image_size", set(images, "max_image_size", Json()));
  refuses("size.longest_edge: expected integer in [1, 4096], actual 4097",
          set(images, "size", Json{{"longest_edge", 4097}}));
  refuses("size.height", set(images, "size", Json{{"height", 32}, {"width", 32}}));
  refuses("aspect: expected no such key", set(images, "aspect", "pad"));
  refuses("image_token_id), actual 503", set("config.json", "image_token_id", 502));
  refuses("image_processor_type: expected \"Idefics3ImageProcessor\"", [=](const TinyFolder& folder) {
    folder.write(images, Json{{"image_processor_type", "CLIPImageProcessor"}, {"size", 32}, {"do_center_crop", true}});
  });
  refuses("expected a token <global-img>", [](const TinyFolder& folder) {
    std::string text = read_file(folder / "tokenizer.json", 1 << 20);
    text.replace(text.find("<global-img>"), 12, "<global-pic>");
    write_file(folder / "tokenizer.json", text);
  });
  const TinyFolder folder;
  folder.split_processor_file();
  Json json = folder.read(images);
  json["resample"] = 3;
  folder.write(images, json);
  check_error(ErrorCode::kUnsupported, "resample: expected 1, actual 3", [&] { folder.load(); });
}

TEST_CASE("splitting is refused for a model that does not split, and an aspect for one that does") {
  ThreadPool pool(1);
  Captioner tiles(CaptionModel::load(test::fixture("models/idefics3_tiny")), pool);
  check_error(ErrorCode::kInvalidArgument, "aspect: expected none", [&] { tiles.set_aspect(Aspect::kCrop); });
  Captioner plain(CaptionModel::load(test::fixture("models/llava_tiny")), pool);
  check_error(ErrorCode::kInvalidArgument, "split: expected a model that splits", [&] { plain.set_split(false); });
}

TEST_CASE("a prompt of more tokens than the language model has positions is refused") {
  const TinyFolder folder;
  Json config = folder.read("config.json");
  config["text_config"]["max_position_embeddings"] = 64;
  folder.write("config.json", config);
  ThreadPool pool(1);
  Captioner captioner(folder.load(), pool);
  check_error(ErrorCode::kLimit, "prompt: expected less than max_position_embeddings 64",
              [&] { captioner(test::noise(50, 37)); });
  captioner.set_split(false);
  CHECK_NOTHROW(captioner(test::noise(50, 37)));
}

TEST_CASE("a copy of an Idefics3's directory is one again") {
  const TinyFolder folder;
  const test::TemporaryFolder copies;
  write_model_folder(folder / "", copies / "copy", *open_model_weights(folder / ""), DType::kF32, "");
  const auto copy = CaptionModel::load(copies / "copy");
  CHECK(copy->config().model_type == "idefics3");
  ThreadPool pool(1);
  CHECK(Captioner(copy, pool)(test::noise(50, 37)).initial ==
        Captioner(folder.load(), pool)(test::noise(50, 37)).initial);
}

TEST_CASE("operations are counted for each square") {
  const MmSerConfig config = CaptionModel::load(test::fixture("models/idefics3_tiny"))->config();
  const StageFlops one = count_flops(config, {5, 0, 0, 4, 1, 1}), ten = count_flops(config, {5, 0, 0, 4, 1, 10});
  CHECK(ten.vision == doctest::Approx(10 * one.vision));
  CHECK(ten.connector == doctest::Approx(10 * one.connector));
  CHECK(ten.connector == 10 * 2.0 * 4 * 24 * 24 * 16);
  CHECK(ten.pass1_prefill > 4 * one.pass1_prefill);
}
