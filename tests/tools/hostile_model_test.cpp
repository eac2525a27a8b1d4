#include <cmath>
#include <set>

#include "run_command.hpp"
#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "support/json_paths.hpp"

using sharpeye::Json;
using test::world;

namespace {

void check_model_refused(const std::string& model, const std::string& part) {
  test::check_refused({"caption", "--model", model, world().image_a()}, part);
}

// The tiny model's tensors, for a test to change and write.
sharpeye::MemorySource tensors_of(const std::string& model) {
  const sharpeye::SafetensorsFile file(model + "/model.safetensors");
  sharpeye::MemorySource tensors;
  for (const std::string& name : file.names()) tensors.add(file.read(name));
  return tensors;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

TEST_CASE("a missing file is named") {
  for (const char* file : {"config.json", "generation_config.json", "merges.txt", "model.safetensors",
                           "preprocessor_config.json", "vocab.json"}) {
    const test::TemporaryFolder folder;
    const std::string model = test::copy_model(folder);
    std::filesystem::remove(model + "/" + file);
    check_model_refused(model, file);
    test::write_text(model + "/" + file, std::string("\0\xff{[", 4));
    check_model_refused(model, model + "/" + file);
    std::filesystem::remove(model + "/" + file);
    std::filesystem::create_directory(model + "/" + file);
    check_model_refused(model, model + "/" + file);
  }
}

TEST_CASE("truncated and extended weights are refused") {
  const test::TemporaryFolder folder;
  const std::string model = test::copy_model(folder);
  const std::string path = model + "/model.safetensors";
  const std::string bytes = test::read_text(path);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    test::write_text(path, bytes.substr(0, size));
    check_model_refused(model, path);
  }
  test::write_text(path, bytes + "x");
  check_model_refused(model, path);
}

TEST_CASE("a wrong tensor is named, with both shapes") {
  const test::TemporaryFolder folder;
  const std::string model = test::copy_model(folder);
  const std::string path = model + "/model.safetensors";
  const std::string name = "vision_tower.vision_model.encoder.layers.1.mlp.fc1.weight";
  const sharpeye::MemorySource original = tensors_of(model);

  sharpeye::MemorySource changed = original;
  changed.add(name, {32, 64}, std::vector<float>(32 * 64));
  sharpeye::write_safetensors(path, changed);
  check_model_refused(model, name + ": expected [64, 32], file has [32, 64]");
  test::check_refused({"info", "--model", model}, name);

  changed = original;
  changed.add("language_model.surplus.weight", {1}, {0});
  sharpeye::write_safetensors(path, changed);
  check_model_refused(model, "language_model.surplus.weight");

  for (const float value : {std::nanf(""), INFINITY, -INFINITY}) {
    changed = original;
    std::vector<float> values(32 * 64, 0.5f);
    values[99] = value;
    changed.add(name, {64, 32}, values);
    sharpeye::write_safetensors(path, changed);
    check_model_refused(model, name + ": expected finite weights, element 99");
    const auto allowed = test::run({"caption", "--allow-non-finite", "--model", model, world().image_a()});
    CHECK_MESSAGE(allowed.exit_code <= 1, allowed.err);
  }
}

TEST_CASE("every numeric key refuses numbers that make no sense, by name") {
  // What of the values below is valid after all, or only wrong in a way that the weights show.
  const std::set<std::string> accepted{"layer_norm_eps 0",
                                       "bos_token_id 0",
                                       "eos_token_id 0",
                                       "pad_token_id 0",
                                       "layer_index_base 0",
                                       "caption_confidence 0",
                                       "rounds 0",
                                       "vision_feature_layers 0",
                                       "vision_feature_layers -1",
                                       "rescale_factor 0",
                                       "rescale_factor 1.5",
                                       "image_mean 0",
                                       "image_std 1.5",
                                       "min_new_tokens 0",
                                       "temperature 1.5",
                                       "top_k 0",
                                       "top_p 0",
                                       "repetition_penalty 1.5",
                                       "length_penalty 0",
                                       "length_penalty -1",
                                       "length_penalty 1.5",
                                       "no_repeat_ngram_size 0"};
  const test::TemporaryFolder folder;
  const std::string model = test::copy_model(folder);
  int count = 0;
  for (const char* file : {"/config.json", "/preprocessor_config.json", "/generation_config.json"}) {
    const std::string original = test::read_text(model + file);
    const Json valid = test::parse(original);
    test::for_each_leaf(valid, [&](const std::string& path, const Json& value) {
      if (!value.is_number()) return;
      std::string key = path.substr(path.rfind('/') + 1);
      if (is_number(key)) {
        const std::string list = path.substr(0, path.rfind('/'));
        key = list.substr(list.rfind('/') + 1);
      }
      for (const char* hostile : {"0", "-1", "1.5", "\"x\"", "null", "9223372036854775808", "1e308"}) {
        Json changed = valid;
        test::at_path(changed, path) = test::parse(hostile);
        test::write_text(model + file, changed.dump());
        INFO(file << path << " = " << hostile);
        if (hostile == std::string("null")) {  // unset, as transformers writes it: good where there is a default, which
                                               // the weights may not have
          const auto result = test::run({"caption", "--model", model, world().image_a(), "--max-new-tokens", "2"});
          const bool is_default = result.err.find(": expected [") != std::string::npos ||
                                  result.err.find(": expected a tensor") != std::string::npos;
          CHECK_MESSAGE((result.exit_code == 0 || is_default || result.err.find(key) != std::string::npos), result.err);
        } else if (accepted.count(key + " " + hostile) != 0) {
          const auto result = test::run({"caption", "--model", model, world().image_a(), "--max-new-tokens", "2"});
          CHECK_MESSAGE(result.exit_code == (key + hostile == "vision_feature_layers-1" ? 2 : 0), result.err);
        } else {
          check_model_refused(model, key);
        }
        ++count;
      }
    });
    test::write_text(model + file, original);
  }
  CHECK(count > 300);
}

TEST_CASE("sizes that are allowed but not those of the weights name a tensor, without a large allocation") {
  const test::TemporaryFolder folder;
  const std::string model = test::copy_model(folder);
  const std::string original = test::read_text(model + "/config.json");
  struct Case {
    std::string path;
    Json value;
    std::string tensor;
  };
  const std::string vision = "vision_tower.vision_model.", text = "language_model.model.decoder.";
  const std::vector<Case> cases{
      {"/vision_config/hidden_size", 65536, vision + "embeddings.class_embedding"},
      {"/vision_config/intermediate_size", 262144, vision + "encoder.layers.0.mlp.fc1.weight"},
      {"/vision_config/image_size", 2048, vision + "embeddings.position_embedding.weight"},
      {"/text_config/vocab_size", 2097152, text + "embed_tokens.weight"},
      {"/text_config/hidden_size", 65536, text + "embed_positions.weight"},
      {"/text_config/num_hidden_layers", 512, text + "layers.2."},
      {"/text_config/max_position_embeddings", 131072, text + "embed_positions.weight"},
      {"/text_config/word_embed_proj_dim", 65536, "multi_modal_projector.linear_1.weight"},
      {"/connector/type", "mlp99x_bott99x_gelu", "multi_modal_projector.linear_1.weight"},
      {"/ser_connector/hidden_size", 65536, "ser_connector.visual_projector.linear_1.weight"},
      {"/ser_connector/num_hidden_layers", 512, "ser_connector.layers.1."},
      {"/ser_connector/max_caption_tokens", 131072, "ser_connector.text_position_embedding.weight"}};
  test::write_text(model + "/preprocessor_config.json", "{}");
  for (const Case& item : cases) {
    Json changed = test::parse(original);
    test::at_path(changed, item.path) = item.value;
    test::write_text(model + "/config.json", changed.dump());
    INFO(item.path);
    check_model_refused(model, ": " + item.tensor);
    test::check_refused({"info", "--model", model}, ": " + item.tensor);
  }
}
