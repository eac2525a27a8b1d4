// The two glances, whole: against the Python reference, and what callers can ask for.

#include "sharpeye/pipeline/captioner.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/tokenizer.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/text/unicode.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

namespace {

const char* const kModels[] = {"mmser_self_attention_tiny", "mmser_query_decoder_tiny"};

std::shared_ptr<const CaptionModel> load(const std::string& name) {
  return CaptionModel::load(test::fixture("models/" + name));
}

Image image_of(const std::string& name) {
  return read_image(test::fixture("models/" + name + "/image.png"), StbImageDecoder{});
}

GenerationConfig greedy(const CaptionModel& model) {
  GenerationConfig config = model.generation();
  config.num_beams = 1;
  return config;
}

}  // namespace

TEST_CASE("every stage and both captions are the reference's") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const test::Golden golden(name);
    ThreadPool pool(2);
    Captioner captioner(load(name), pool);
    const Image image = image_of(name);
    CaptionOptions options;
    options.initial = golden.text("initial_text");
    std::map<std::string, Matrix<float>> tensors;
    std::map<std::string, std::vector<std::int32_t>> ids;
    options.on_tensor = [&](const std::string& tensor, const TensorView& values) {
      tensors[tensor] = test::matrix_of(values);
    };
    options.on_ids = [&](const std::string& tensor, const std::vector<std::int32_t>& values) { ids[tensor] = values; };
    const Caption given = captioner(image, options);
    for (const std::string& tensor : golden.names()) {
      CAPTURE(tensor);
      if (tensor.find("_ids") != std::string::npos || tensor.find("_text") != std::string::npos) continue;
      const Matrix<float> expected = golden.matrix(tensor);
      // Blocks that nobody reads are not run, so the last hidden states may be missing.
      if (tensors.count(tensor) == 0) {
        CHECK(tensor == concat("vision.hidden_states.", captioner.model().config().vision_config.num_hidden_layers()));
        continue;
      }
      CHECK(test::relative_error(tensors[tensor], expected) < 1e-5);
    }
    CHECK(ids["pass1.input_ids"] == golden.ids("pass1.input_ids"));
    CHECK(ids["pass2.input_ids"] == golden.ids("pass2.input_ids"));
    CHECK(given.initial == golden.text("initial_text"));
    CHECK(given.refined_ids == golden.ids("beam.refined_ids"));

    const Caption beam = captioner(image);
    CHECK(beam.initial_ids == golden.ids("beam.initial_ids"));
    CHECK(beam.initial == strip(golden.text("beam.initial_text")));
    CHECK(beam.refined_ids == golden.ids("beam.own_refined_ids"));
    CHECK(beam.refined == strip(golden.text("beam.own_refined_text")));
    CHECK(beam.rounds == 1);

    CaptionOptions one_by_one;
    one_by_one.generation = greedy(captioner.model());
    const Caption plain = captioner(image, one_by_one);
    CHECK(plain.initial_ids == golden.ids("greedy.initial_ids"));
    CHECK(plain.refined_ids == golden.ids("greedy.own_refined_ids"));
  }
}

TEST_CASE("one glance of a LLaVA-style model is the reference's") {
  const test::Golden golden("llava_tiny");
  ThreadPool pool(1);
  Captioner captioner(load("llava_tiny"), pool);
  CaptionOptions options;
  options.rounds = 0;
  std::map<std::string, Matrix<float>> tensors;
  options.on_tensor = [&](const std::string& tensor, const TensorView& values) {
    tensors[tensor] = test::matrix_of(values);
  };
  const Caption caption = captioner(image_of("llava_tiny"), options);
  for (const char* tensor : {"pixel_values", "connector.output", "pass1.inputs_embeds", "pass1.logits"}) {
    CHECK(test::relative_error(tensors[tensor], golden.matrix(tensor)) < 1e-5);
  }
  CHECK(caption.initial_ids == golden.ids("beam.initial_ids"));
  CHECK(caption.refined == caption.initial);
  CHECK(caption.rounds == 0);
  options.rounds = 1;  // it has no SeR-Connector
  CHECK_THROWS_AS(captioner(image_of("llava_tiny"), options), Error);
}

TEST_CASE("a model with a tokenizer.json captions as the one with vocab.json and merges.txt") {
  const std::string model = test::fixture(std::string("models/") + kModels[0] + "/");
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
  Captioner expected(load(kModels[0]), pool), captioner(CaptionModel::load(folder.path()), pool);
  const Caption wanted = expected(image_of(kModels[0])), caption = captioner(image_of(kModels[0]));
  CHECK(captioner.model().tokenizer().token_to_id("<unk>").has_value());
  CHECK_FALSE(captioner.model().tokenizer().is_special(3));  // it is not among the added tokens
  CHECK(caption.initial_ids == wanted.initial_ids);
  CHECK(caption.initial == wanted.initial);
  CHECK(caption.refined == wanted.refined);
}

TEST_CASE("captions do not depend on threads, nor on who else uses the model") {
  const auto model = load(kModels[0]);
  const Image image = image_of(kModels[0]);
  std::vector<Caption> captions(8);
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    captions[static_cast<std::size_t>(threads - 1)] = Captioner(model, pool)(image);
    CHECK(captions[static_cast<std::size_t>(threads - 1)].refined_ids == captions[0].refined_ids);
  }
  ThreadPool shared(2);
  std::vector<Caption> concurrent(6);
  std::vector<std::thread> callers;
  for (Caption& caption : concurrent) {
    callers.emplace_back([&] { caption = Captioner(model, shared)(image); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const Caption& caption : concurrent) {
    CHECK(caption.initial_ids == captions[0].initial_ids);
    CHECK(caption.refined_ids == captions[0].refined_ids);
  }
}

TEST_CASE("rounds feed each caption to the next") {
  ThreadPool pool(2);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  CaptionOptions three;
  three.rounds = 3;
  const Caption caption = captioner(image, three);
  CHECK(caption.rounds == 3);
  CaptionOptions step;
  step.initial = captioner(image).initial;
  for (int round = 0; round < 3; ++round) step.initial = captioner(image, step).refined;
  CHECK(caption.refined == *step.initial);
}

TEST_CASE("ablations change what the second glance sees, and only that") {
  ThreadPool pool(2);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  const auto run = [&](Ablation ablation, std::map<std::string, Matrix<float>>& tensors) {
    CaptionOptions options;
    options.ablation = ablation;
    options.on_tensor = [&](const std::string& name, const TensorView& values) {
      tensors[name] = test::matrix_of(values);
    };
    return captioner(image, options);
  };
  std::map<std::string, Matrix<float>> none, caption_only, features_only, single_pass;
  const Caption full = run(Ablation::kNone, none);
  CHECK(run(Ablation::kCaptionOnly, caption_only).initial_ids == full.initial_ids);
  CHECK(run(Ablation::kFeaturesOnly, features_only).initial_ids == full.initial_ids);
  const Index width = none["ser.features"].cols() / 3;
  CHECK(caption_only["ser.features"].leftCols(width) == none["ser.features"].rightCols(width));
  CHECK(features_only["ser.features"] == none["ser.features"]);
  CHECK(features_only["ser.output"] != none["ser.output"]);  // no caption in the connector
  CHECK(features_only["pass2.inputs_embeds"].rows() < none["pass2.inputs_embeds"].rows());  // nor in the prompt
  const Caption single = run(Ablation::kSinglePass, single_pass);
  CHECK(single_pass.count("pass1.logits") == 0);
  CHECK(single_pass["pass2.logits"] == features_only["pass2.logits"]);
  CHECK(single.refined == single.initial);
  CHECK(single.timings.pass1_prefill == 0);
}

TEST_CASE("a deadline gives the initial caption, a cancellation an error") {
  ThreadPool pool(2);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  const Caption full = captioner(image);
  CaptionOptions late;
  late.deadline = std::chrono::steady_clock::now();
  const Caption caption = captioner(image, late);
  CHECK(caption.deadline_passed);
  CHECK(caption.rounds == 0);
  CHECK(caption.initial_ids == full.initial_ids);
  CHECK(caption.refined == full.initial);
  CHECK_FALSE(full.deadline_passed);

  CaptionOptions during;  // passes while the second caption is written: that one is not shown
  during.on_token = [&](const CaptionProgress& progress) {
    if (progress.round == 1) std::this_thread::sleep_until(*during.deadline);
  };
  during.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const Caption cut = captioner(image, during);
  CHECK(cut.deadline_passed);
  CHECK(cut.refined == full.initial);

  for (const int patience : {0, 1, 4, 9}) {
    CaptionOptions cancelled;
    int asked = 0;
    cancelled.is_cancelled = [&] { return ++asked > patience; };
    try {
      captioner(image, cancelled);
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kCancelled);
    }
  }
  CHECK(captioner(image).refined_ids == full.refined_ids);  // nothing is left behind
}

TEST_CASE("the initial caption is handed out before the second glance, or before an end without one") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  for (const Index rounds : {0, 1, 2}) {
    CaptionOptions options;
    options.rounds = rounds;
    std::vector<std::string> events;
    options.on_token = [&](const CaptionProgress& progress) {
      if (progress.round > 0 && events.size() == 1) events.push_back("second glance");
    };
    options.on_initial = [&](const Caption& so_far) {
      events.push_back(so_far.refined);
      CHECK((so_far.rounds == 0 && so_far.timings.ser_connector == 0 && so_far.timings.total > 0));
    };
    const Caption whole = captioner(image, options);
    REQUIRE(events.size() == (rounds == 0 ? 1 : 2));
    CHECK(events[0] == whole.initial);
  }
}

TEST_CASE("every token is reported, and stop strings cut the text") {
  ThreadPool pool(2);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  CaptionOptions options;
  options.generation = greedy(captioner.model());
  std::vector<std::vector<std::int32_t>> steps;
  std::string last_text;
  options.on_token = [&](const CaptionProgress& progress) {
    if (progress.round != 0) return;
    steps.push_back(progress.ids);
    last_text = progress.text;
  };
  const Caption whole = captioner(image, options);
  REQUIRE(!steps.empty());
  CHECK(steps.back() == whole.initial_ids);
  CHECK(steps.size() == whole.initial_ids.size());
  CHECK(last_text == whole.initial);

  REQUIRE(whole.initial.size() > 4);
  const std::string stop = whole.initial.substr(whole.initial.size() / 2, 2);
  for (const Index beams : {1, 3}) {
    options.generation->num_beams = beams;
    options.generation->stop_strings = {stop};
    CHECK(captioner(image, options).initial.find(stop) == std::string::npos);
  }
}

TEST_CASE("frames of any pixel format and stride give the same captions") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  const Caption expected = captioner(image);
  std::vector<std::uint8_t> frame(static_cast<std::size_t>(image.height() * (4 * image.width() + 12)), 0);
  for (Index y = 0; y < image.height(); ++y) {
    for (Index x = 0; x < image.width(); ++x) {
      std::uint8_t* pixel = frame.data() + y * (4 * image.width() + 12) + 4 * x;
      for (Index c = 0; c < 3; ++c) pixel[2 - c] = image.row(y)[3 * x + c];
    }
  }
  const ImageView bgra{frame.data(), image.width(), image.height(), 4 * image.width() + 12, PixelFormat::kBgra};
  CHECK(captioner(bgra).refined_ids == expected.refined_ids);
}

TEST_CASE("a picture on its side is turned upright, unless the model or the caller says otherwise") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  const Image image = image_of(kModels[0]);
  ImageView side = image;
  side.orientation = 6;
  CaptionOptions options;
  Matrix<float> pixels;
  options.rounds = 0;
  options.on_tensor = [&](const std::string& name, const TensorView& values) {
    if (name == "pixel_values") pixels = test::matrix_of(values);
  };
  const auto seen = [&](const ImageView& view) {
    captioner(view, options);
    return pixels;
  };
  REQUIRE(captioner.model().preprocessor().processor.apply_exif);
  const Matrix<float> turned = seen(upright(side)), stored = seen(image);
  CHECK(turned != stored);
  CHECK(seen(side) == turned);
  captioner.set_apply_exif(false);
  CHECK(seen(side) == stored);

  // What the model's folder says reaches the processor.
  const std::string from = test::fixture(std::string("models/") + kModels[0]);
  const test::TemporaryFolder folder;
  std::filesystem::copy(from, folder / "model", std::filesystem::copy_options::recursive);
  Json json = read_json_file(from + "/preprocessor_config.json", 1 << 20);
  json["apply_exif"] = false;
  AtomicFile file(folder / "model/preprocessor_config.json");
  file.write(json.dump());
  file.commit();
  Captioner other(CaptionModel::load(folder / "model"), pool);
  other(side, options);
  CHECK(pixels == stored);
}

TEST_CASE("a draft that would leave no room for a caption is cut, not an error") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  CaptionOptions options;
  std::string endless;
  for (int i = 0; i < 400; ++i) endless += " many words";
  options.initial = endless;
  Index prompt_tokens = 0;
  options.on_ids = [&](const std::string& name, const std::vector<std::int32_t>& ids) {
    if (name == "pass2.input_ids") prompt_tokens = static_cast<Index>(ids.size());
  };
  const Caption caption = captioner(image_of(kModels[0]), options);
  CHECK(caption.rounds == 1);
  CHECK(prompt_tokens > 10);
  CHECK(prompt_tokens < captioner.model().config().text_config.max_position_embeddings());

  CaptionOptions greedy_long;  // a model that never stops fills its positions; the second glance still works
  greedy_long.generation = greedy(captioner.model());
  greedy_long.generation->max_new_tokens = greedy_long.generation->min_new_tokens = 1000;
  CHECK(captioner(image_of(kModels[0]), greedy_long).rounds == 1);
}

TEST_CASE("tracing with an initial caption given generates no other") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  CaptionOptions options;
  options.initial = "a cat";
  const Caption plain = captioner(image_of(kModels[0]), options);
  bool traced = false, first_round = false;
  options.on_tensor = [&](const std::string& name, const TensorView&) { traced |= name == "pass1.logits"; };
  options.on_token = [&](const CaptionProgress& progress) { first_round |= progress.round == 0; };
  const Caption caption = captioner(image_of(kModels[0]), options);
  CHECK(traced);
  CHECK_FALSE(first_round);
  CHECK(caption.initial_ids == plain.initial_ids);
  CHECK(caption.refined_ids == plain.refined_ids);
}

TEST_CASE("settings from the API are checked as those from a file") {
  ThreadPool pool(1);
  Captioner captioner(load(kModels[0]), pool);
  const auto refused = [&](const char* key, const auto& change) {
    CaptionOptions options;
    options.generation = captioner.model().generation();
    change(*options.generation);
    try {
      captioner(image_of(kModels[0]), options);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kConfig && std::string(error.what()).find(key) != std::string::npos;
    }
    return false;
  };
  CHECK(refused("temperature", [](GenerationConfig& c) { c.temperature = 0; }));
  CHECK(refused("length_penalty", [](GenerationConfig& c) { c.length_penalty = std::nan(""); }));
  CHECK(refused("repetition_penalty", [](GenerationConfig& c) { c.repetition_penalty = 0; }));
  CHECK(refused("no_repeat_ngram_size", [](GenerationConfig& c) { c.no_repeat_ngram_size = -3; }));
  CHECK(refused("num_beams", [](GenerationConfig& c) { c.num_beams = Index{1} << 40; }));
  CHECK(refused("eos_token_id", [](GenerationConfig& c) { c.eos_token_ids = {100000000}; }));
  CHECK(refused("eos_token_id", [](GenerationConfig& c) { c.eos_token_ids = {601}; }));  // a padding id
}

TEST_CASE("the second pass may have settings, rounds and a language model of its own") {
  const test::TemporaryFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture(std::string("models/") + kModels[0]))) {
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
  const Image image = image_of(kModels[0]);
  const Caption usual = Captioner(load(kModels[0]), pool)(image);

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
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture(std::string("models/") + kModels[0]))) {
    std::filesystem::copy(entry.path(), folder / entry.path().filename().string());
  }
  ThreadPool pool(2);
  const Image image = image_of(kModels[0]);
  Captioner paper(CaptionModel::load(folder.path()), pool);
  const Caption usual = paper(image);
  // With a table of zeros nothing changes; with a table of its own the second glance sees other tokens.
  const auto with_table = [&](float scale) {
    Json json = read_json_file(test::fixture(std::string("models/") + kModels[0] + "/config.json"), 1 << 20);
    json["ser_connector"]["caption_confidence"] = 5;
    write_file(folder / "config.json", json.dump());
    MemorySource source;
    const SafetensorsFile file(test::fixture(std::string("models/") + kModels[0] + "/model.safetensors"));
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

TEST_CASE("beams from a draft give the same captions, in fewer passes") {
  ThreadPool pool(2);
  const std::string demo = SHARPEYE_SOURCE_DIR "/weights/demo";
  Captioner captioner(CaptionModel::load(demo), pool);
  CHECK(captioner.model().has_float_weights());
  const Image image = read_image(SHARPEYE_SOURCE_DIR "/tools/sample.png", StbImageDecoder{});
  CaptionOptions options;
  options.generation = captioner.model().generation();
  options.generation->num_beams = 3;
  options.rounds = 2;
  const Caption plain = captioner(image, options);
  options.verify_draft_with_beams = true;
  const Caption drafted = captioner(image, options);
  CHECK(drafted.initial_ids == plain.initial_ids);
  CHECK(drafted.refined_ids == plain.refined_ids);
  CHECK(drafted.pass2_steps < plain.pass2_steps);
}
