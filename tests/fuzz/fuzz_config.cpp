// libFuzzer target: a config.json of any kind of model and a preprocessor_config.json, separated by the first NUL byte.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fuzz_config.cpp
// What is read is written and read again: it must be the same. Images are processed where that is cheap.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sharpeye/io/json.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"

using namespace sharpeye;

namespace {

void require_that(bool condition) {
  if (!condition) std::abort();
}

JsonReader reader(std::string_view text, const char* name) {
  return JsonReader(parse_json(std::string(text), name), name);
}

// The side of the tower's square, or 16 where there is no configuration.
Index read_model(std::string_view text) {
  try {
    const MmSerConfig config = MmSerConfig::from_json(reader(text, "config.json"));
    require_that(config.num_vision_blocks() >= 0);
    require_that(config.num_vision_blocks() <= config.vision_config.num_hidden_layers());
    require_that(config.text_config.vocab_size() > 0);
    config.prompt_text();
    require_that(config.vision_config.grid_size() % config.connector.pixel_shuffle == 0);
    const Json written = config.to_json();
    require_that(MmSerConfig::from_json(JsonReader(written, "written")).to_json() == written);
    return config.vision_config.image_size();
  } catch (const Error&) {
    return 16;
  }
}

void read_images(std::string_view text, Index image_size) {
  try {
    const PreprocessorConfig config = PreprocessorConfig::from_json(reader(text, "preprocessor"), image_size);
    const Json written = config.to_json();
    require_that(PreprocessorConfig::from_json(JsonReader(written, "written"), image_size).to_json() == written);
    const Index edge = config.processor.tiling ? config.processor.tiling->longest_edge : image_size;
    if (edge > 64 || image_size > 64) return;
    const ImageProcessor processor(config.processor);
    const ImageTiles tiles = processor.tiles(Image(7, 5));
    require_that(static_cast<Index>(tiles.squares.size()) == tiles.rows * tiles.columns + 1);
    for (const Image& square : tiles.squares) {
      require_that(square.width() == image_size && square.height() == image_size);
    }
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view model = input.substr(0, input.find('\0'));
  const Index image_size = read_model(model);
  if (model.size() < input.size()) read_images(input.substr(model.size() + 1), image_size);
  return 0;
}
