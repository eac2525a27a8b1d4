#include "sharpeye/models/second_as_first.hpp"

#include <doctest/doctest.h>

#include <map>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/pipeline/random_model.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

TEST_CASE("a second glance begins as the first one, whatever caption it reads") {
  const test::TemporaryFolder folder;
  const std::string first = folder / "first", both = folder / "both";
  const TokenizerFiles tokenizer = TokenizerFiles::load("");
  Preset preset = make_preset("demo", tokenizer.tokenizer);
  write_random_model(first, preset, tokenizer, {nullptr, 3});
  const auto weights = second_as_first(preset.config, open_model_weights(first));
  write_random_model(both, preset, tokenizer, {nullptr, 4, weights.get()});

  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(both), pool);
  std::map<std::string, std::vector<float>> seen;
  CaptionOptions options;
  options.initial = "something red";
  options.on_tensor = [&](const std::string& name, const TensorView& tensor) {
    seen[name] = {tensor.data, tensor.data + tensor.rows * tensor.columns};
  };
  captioner(read_image(SHARPEYE_SOURCE_DIR "/tools/sample.png", StbImageDecoder{}), options);
  const std::vector<float>&initial = seen.at("connector.output"), &refined = seen.at("ser.output");
  REQUIRE(initial.size() == refined.size());
  double squares = 0;
  for (std::size_t i = 0; i < initial.size(); ++i) {
    CHECK(refined[i] == doctest::Approx(initial[i]).epsilon(1e-5));
    squares += static_cast<double>(initial[i]) * static_cast<double>(initial[i]);
  }
  CHECK(squares > 0);
}

TEST_CASE("a SeR-Connector that cannot begin as the connector says why") {
  const test::TemporaryFolder folder;
  const TokenizerFiles tokenizer = TokenizerFiles::load("");
  Preset preset = make_preset("tiny", tokenizer.tokenizer);
  write_random_model(folder / "tiny", preset, tokenizer, {});
  const auto weights = open_model_weights(folder / "tiny");
  CHECK_THROWS_WITH_AS(second_as_first(preset.config, weights),
                       "a second glance that begins as the first: ser_connector.norm_placement: expected pre", Error);
  preset.config.ser_connector->norm_placement = NormPlacement::kPre;
  preset.config.connector.vision_feature_layers = {2};
  CHECK_THROWS_WITH_AS(second_as_first(preset.config, weights),
                       "a second glance that begins as the first: ser_connector.vision_feature_layers: expected the "
                       "connector's only layer in the last place",
                       Error);
  preset.config.ser_connector.reset();
  CHECK_THROWS_WITH_AS(second_as_first(preset.config, weights), "ser_connector: expected one, actual none", Error);
}
