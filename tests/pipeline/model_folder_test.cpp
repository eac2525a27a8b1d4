// What a model directory lacks is named, with what would have done; and the arguments of what makes models.

#include "sharpeye/pipeline/model_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "pipeline/tiny_models.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/assemble.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"

using namespace sharpeye;

namespace {

template <class Action>
std::string message(ErrorCode code, const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

// A copy of the tiny model that lacks files.
struct Incomplete {
  explicit Incomplete(const std::vector<std::string>& missing) {
    for (const auto& entry : std::filesystem::directory_iterator(test::tiny_model_folder())) {
      std::filesystem::copy(entry.path(), folder / entry.path().filename().string());
    }
    for (const std::string& name : missing) REQUIRE(std::filesystem::remove(folder / name));
  }
  // What loading says, without the folder's name in front.
  std::string load() const {
    return rest(message(ErrorCode::kFileNotFound, [&] { CaptionModel::load(folder.path()); }));
  }
  std::string copy() const {
    return rest(message(ErrorCode::kFileNotFound, [&] { ModelFolder{folder.path()}; }));
  }
  std::string rest(const std::string& text) const {
    CHECK(text.rfind(folder.path() + ": ", 0) == 0);
    return text.substr(folder.path().size() + 2);
  }

  test::TemporaryFolder folder;
};

}  // namespace

TEST_CASE("what is missing in a model directory is named, whoever reads it") {
  const std::string config = "expected a model directory, which has config.json, actual ";
  CHECK(Incomplete({"config.json"}).load() == config + "none");
  CHECK(Incomplete({"config.json"}).copy() == config + "none");
  CHECK(message(ErrorCode::kFileNotFound, [] { CaptionModel::load("/no/where"); }) ==
        "/no/where: " + config + "no such directory");
  const std::string file = test::tiny_model_folder() + "/vocab.json";
  CHECK(message(ErrorCode::kFileNotFound, [&] { CaptionModel::load(file); }) == file + ": " + config + "a file");

  const std::string tokenizer =
      "expected a tokenizer: tokenizer.json (Hugging Face's tokenizers), or vocab.json and merges.txt (byte-level "
      "BPE), or vocab.txt (BERT's WordPiece), actual ";
  for (const auto& [missing, actual] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"vocab.json", "merges.txt"}, "none of them"},
           {{"vocab.json"}, "merges.txt without vocab.json"},
           {{"merges.txt"}, "vocab.json without merges.txt"}}) {
    const Incomplete model(missing);
    CHECK(model.load() == tokenizer + actual);
    CHECK(model.copy() == tokenizer + actual);
    const std::string folder = model.folder.path();
    CHECK(model.rest(message(ErrorCode::kFileNotFound, [&] {
      assemble({folder, folder, "", ""});
    })) == tokenizer + actual);
  }

  const Incomplete generation({"generation_config.json"});
  CHECK(generation.load() == "expected generation_config.json, as for every \"mm-ser\" model, actual none");
  CHECK(generation.copy() == generation.load());
}

TEST_CASE("a missing image processor and missing weights are named with what would do") {
  const Incomplete model({"preprocessor_config.json"});
  const std::string expected =
      "expected preprocessor_config.json, or processor_config.json with an object image_processor, actual ";
  CHECK(model.load() == expected + "neither");
  CHECK(model.copy() == "expected preprocessor_config.json, as for every \"mm-ser\" model, actual none");
  write_file(model.folder / "processor_config.json", "{}");
  CHECK(model.load() == expected + "processor_config.json without it");

  const Incomplete weightless({"model.safetensors"});
  const std::string weights =
      "expected weights: model.safetensors, or shards with model.safetensors.index.json, actual ";
  CHECK(weightless.load() == weights + "neither");
  write_file(weightless.folder / "pytorch_model.bin", "pickled");
  CHECK(weightless.load() ==
        weights + "pytorch_model.bin, which is not read: tools/convert/to_safetensors.py converts it");
}

TEST_CASE("an argument of what makes a model is named as the library calls it") {
  const std::string folder = test::tiny_model_folder();
  CHECK(message(ErrorCode::kInvalidArgument, [&] { require_other_folder(folder, folder + "/."); }) ==
        "output: expected another directory than the model's, actual " + folder + "/.");
  require_other_folder(folder, folder + "/new");

  const TokenizerFiles bytes = TokenizerFiles::load("");
  MmSerConfig one_glance = make_preset("tiny-llava", bytes.tokenizer).config;
  CHECK(message(ErrorCode::kInvalidArgument, [&] { apply_variant(one_glance, "queries"); }) ==
        "variant: expected a model of two glances for queries, actual one of one glance");
  Json vocab = parse_json(bytes.vocab_json, "vocab.json");
  for (std::size_t id = vocab.size(); id <= 50272; ++id) vocab[concat("word", id)] = id;
  const BpeTokenizer huge(vocab.dump(), bytes.merges_txt, {}, "vocab.json", "merges.txt");
  CHECK(message(ErrorCode::kInvalidArgument, [&] { make_preset("mm-ser-125m", huge); }) ==
        "tokenizer: expected at most 50272 tokens for preset mm-ser-125m, actual 50273");
}

TEST_CASE("presets of public checkpoints have their numbers of parameters") {
  const TokenizerFiles bytes = TokenizerFiles::load("");
  const auto parameters = [&](const char* name) {
    Index count = 0;
    for (const TensorDeclaration& tensor : declare_tensors(make_preset(name, bytes.tokenizer).config)) {
      count += tensor.size();
    }
    return count;
  };
  CHECK(parameters("git-base") == 176'619'066);
  CHECK(parameters("smolvlm-256m") == 256'484'928);
  // Of the tower's 24 blocks the last one, and the norm after it, are not read.
  const Index unread = 12'596'224 + 2048;
  CHECK(parameters("llava-1.5-7b") == 7'063'427'072 - unread);
  CHECK(parameters("llava-1.5-13b") == 13'351'494'656 - unread);
  CHECK(message(ErrorCode::kInvalidArgument, [&] { make_preset("huge", bytes.tokenizer); }) ==
        "preset: unknown name huge");
}
