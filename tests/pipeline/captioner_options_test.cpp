// What callers can ask for: rounds, ablations, settings, an initial caption of their own.

#include "sharpeye/pipeline/captioner.hpp"

#include <cmath>
#include <map>

#include "pipeline/tiny_models.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

TEST_CASE("rounds feed each caption to the next") {
  ThreadPool pool(2);
  Captioner captioner(test::load_tiny(), pool);
  const Image image = test::tiny_image();
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
  Captioner captioner(test::load_tiny(), pool);
  const Image image = test::tiny_image();
  const auto run = [&](Ablation ablation, std::map<std::string, Matrix<float>>& tensors) {
    CaptionOptions options;
    options.ablation = ablation;
    options.verify_draft = false;  // which the prompt's pass would read too, and round otherwise
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

TEST_CASE("a draft that would leave no room for a caption is cut, not an error") {
  ThreadPool pool(1);
  Captioner captioner(test::load_tiny(), pool);
  CaptionOptions options;
  std::string endless;
  for (int i = 0; i < 400; ++i) endless += " many words";
  options.initial = endless;
  Index prompt_tokens = 0;
  options.on_ids = [&](const std::string& name, const std::vector<std::int32_t>& ids) {
    if (name == "pass2.input_ids") prompt_tokens = static_cast<Index>(ids.size());
  };
  const Caption caption = captioner(test::tiny_image(), options);
  CHECK(caption.rounds == 1);
  CHECK(prompt_tokens > 10);
  CHECK(prompt_tokens < captioner.model().config().text_config.max_position_embeddings());

  CaptionOptions greedy_long;  // a model that never stops fills its positions; the second glance still works
  greedy_long.generation = test::greedy(captioner.model());
  greedy_long.generation->max_new_tokens = greedy_long.generation->min_new_tokens = 1000;
  CHECK(captioner(test::tiny_image(), greedy_long).rounds == 1);
}

TEST_CASE("tracing with an initial caption given generates no other") {
  ThreadPool pool(1);
  Captioner captioner(test::load_tiny(), pool);
  CaptionOptions options;
  options.initial = "a cat";
  const Caption plain = captioner(test::tiny_image(), options);
  bool traced = false, first_round = false;
  options.on_tensor = [&](const std::string& name, const TensorView&) { traced |= name == "pass1.logits"; };
  options.on_token = [&](const CaptionProgress& progress) { first_round |= progress.round == 0; };
  const Caption caption = captioner(test::tiny_image(), options);
  CHECK(traced);
  CHECK_FALSE(first_round);
  CHECK(caption.initial_ids == plain.initial_ids);
  CHECK(caption.refined_ids == plain.refined_ids);
}

TEST_CASE("settings from the API are checked as those from a file") {
  ThreadPool pool(1);
  Captioner captioner(test::load_tiny(), pool);
  const auto refused = [&](const char* key, const auto& change) {
    CaptionOptions options;
    options.generation = captioner.model().generation();
    change(*options.generation);
    try {
      captioner(test::tiny_image(), options);
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
