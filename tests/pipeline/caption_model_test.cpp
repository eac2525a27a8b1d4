// Model directories of two glances: other tokenizers, settings, language models and connectors.

#include "sharpeye/pipeline/captioner.hpp"

#include <filesystem>
#include <fstream>

#include "pipeline/tiny_models.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

TEST_CASE("a model with a tokenizer.json captions as the one with vocab.json and merges.txt") {
  const std::string model = test::tiny_model_folder() + "/";
  const test::TemporaryFolder folder;
  for (const char* file : {"config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json"}) {
    std::filesystem::create_symlink(model + file, folder / file);
  }
  Json merges = Json::list();
  std::ifstream lines(model + "merges.txt");
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) merges.push_back(line);
  Json added = Json::list();
  for (const char* token : {"<pad>", "</s>"}) {
    added.push_back({{"id", read_json_file(model + "vocab.json", 1 << 20)[token]},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json bpe = {{"type", "BPE"}, {"vocab", read_json_file(model + "vocab.json", 1 << 20)}, {"merges", merges}};
  const Json byte_level = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  const Json tokenizer = {
      {"added_tokens", added}, {"pre_tokenizer", byte_level}, {"decoder", {{"type", "ByteLevel"}}}, {"model", bpe}};
  write_file(folder / "tokenizer.json", tokenizer.dump());
  const Json special = {{"add_bos_token", true}, {"bos_token", "</s>"}, {"eos_token", "</s>"}, {"pad_token", "<pad>"}};
  write_file(folder / "tokenizer_config.json", special.dump());
  ThreadPool pool(1);
  Captioner expected(test::load_tiny(), pool), captioner(CaptionModel::load(folder.path()), pool);
  const Caption wanted = expected(test::tiny_image()), caption = captioner(test::tiny_image());
  CHECK(captioner.model().tokenizer().token_to_id("<unk>").has_value());
  CHECK_FALSE(captioner.model().tokenizer().is_special(3));  // it is not among the added tokens
  CHECK(caption.initial_ids == wanted.initial_ids);
  CHECK(caption.initial == wanted.initial);
  CHECK(caption.refined == wanted.refined);
}

TEST_CASE("the second pass may have settings, rounds and a language model of its own") {
  const test::TemporaryFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(test::tiny_model_folder())) {
    std::filesystem::copy(entry.path(), folder / entry.path().filename().string());
  }
  const auto edit = [&](const char* file, const auto& change) {
    Json json = read_json_file(folder / file, 1 << 20);
    change(json);
    AtomicFile out(folder / file);
    out.write(json.dump());
    out.commit();
  };
  ThreadPool pool(2);
  const Image image = test::tiny_image();
  const Caption usual = Captioner(test::load_tiny(), pool)(image);

  edit("generation_config.json", [](Json& json) { json["refine"] = {{"num_beams", 1}, {"max_new_tokens", 3}}; });
  edit("config.json", [](Json& json) { json["rounds"] = 2; });
  Captioner captioner(CaptionModel::load(folder.path()), pool);
  const Caption changed = captioner(image);
  CHECK(changed.initial_ids == usual.initial_ids);
  CHECK(changed.refined_ids.size() <= 3);
  CHECK(changed.rounds == 2);

  edit("config.json", [](Json& json) { json["refine_language_model"] = "own"; });
  CHECK_THROWS_AS(CaptionModel::load(folder.path()), Error);  // its weights are missing
  MemorySource source;
  const SafetensorsFile file(folder / "model.safetensors");
  for (const std::string& name : file.names()) {
    StoredTensor tensor = file.read(name);
    source.add(tensor);
    if (name.rfind("language_model.", 0) == 0) {
      tensor.name = "refine_" + name;
      source.add(tensor);
    }
  }
  write_safetensors(folder / "model.safetensors", source);
  Captioner twin(CaptionModel::load(folder.path()), pool);
  CHECK(twin(image).refined_ids == changed.refined_ids);  // the same weights twice say the same
}

TEST_CASE("the first glance tells a second glance that asks how sure it is") {
  const test::TemporaryFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(test::tiny_model_folder())) {
    std::filesystem::copy(entry.path(), folder / entry.path().filename().string());
  }
  ThreadPool pool(2);
  const Image image = test::tiny_image();
  Captioner paper(CaptionModel::load(folder.path()), pool);
  const Caption usual = paper(image);
  // With a table of zeros nothing changes; with a table of its own the second glance sees other tokens.
  const auto with_table = [&](float scale) {
    Json json = read_json_file(test::tiny_model_folder() + "/config.json", 1 << 20);
    json["ser_connector"]["caption_confidence"] = 5;
    write_file(folder / "config.json", json.dump());
    MemorySource source;
    const SafetensorsFile file(test::tiny_model_folder() + "/model.safetensors");
    for (const std::string& name : file.names()) source.add(file.read(name));
    const Index size = paper.model().config().ser_connector->hidden_size;
    std::vector<float> table(static_cast<std::size_t>(5 * size));
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = scale * static_cast<float>(static_cast<int>(i % 7) - 3);
    source.add("ser_connector.confidence_embedding.weight", {5, size}, table);
    write_safetensors(folder / "model.safetensors", source);
    Captioner captioner(CaptionModel::load(folder.path()), pool);
    Matrix<float> output;
    CaptionOptions options;
    options.on_tensor = [&](const std::string& name, const TensorView& values) {
      if (name == "ser.output") output = test::matrix_of(values);
    };
    const Caption traced = captioner(image, options);
    CHECK(captioner(image).refined_ids == traced.refined_ids);
    CHECK(traced.initial_ids == usual.initial_ids);
    CaptionOptions told;  // an initial caption that someone else wrote is read by the first glance, too
    told.initial = traced.initial;
    told.rounds = 2;
    CHECK(captioner(image, told).rounds == 2);
    std::string endless;
    for (int i = 0; i < 400; ++i) endless += " many words";
    told.initial = endless;
    CHECK(captioner(image, told).rounds == 2);
    return std::make_pair(output, traced.refined_ids);
  };
  const auto [silent, same_ids] = with_table(0);
  CHECK(same_ids == usual.refined_ids);
  const auto [loud, other_ids] = with_table(0.5f);
  CHECK((loud - silent).norm() > 1e-2f * silent.norm());
}
