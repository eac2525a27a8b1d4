#include <doctest/doctest.h>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/captioner.hpp"

using namespace sharpeye;

TEST_CASE("the first glance has its share in the words of a refinement") {
  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(SHARPEYE_SOURCE_DIR "/weights/demo"), pool);
  for (const char* file : {"/tools/sample.png", "/tests/fixtures/image/420_24x16.jpg"}) {
    CAPTURE(file);
    const Image image = read_image(std::string(SHARPEYE_SOURCE_DIR) + file, StbImageDecoder{});
    for (const Index beams : {1, 3}) {
      CAPTURE(beams);
      CaptionOptions options;
      options.generation = captioner.model().generation();
      options.generation->num_beams = beams;
      const Caption alone = captioner(image, options);
      options.first_share = 1e-6;  // next to none: what the second glance writes alone
      CHECK(captioner(image, options).refined_ids == alone.refined_ids);
      options.first_share = 0.999999;  // nearly all: what the first one wrote
      CHECK(captioner(image, options).refined_ids == alone.initial_ids);
      options.first_share = 0.5;
      const Caption both = captioner(image, options);
      CHECK(both.initial_ids == alone.initial_ids);
      options.verify_draft = false;
      CHECK(captioner(image, options).refined_ids == both.refined_ids);
      options.verify_draft = true;
      CHECK(captioner(image, options).refined_ids == both.refined_ids);
      options.refine_generation = options.generation;
      options.refine_generation->num_beams = 5;  // more than the first glance itself has
      options.rounds = 2;
      CHECK(!captioner(image, options).refined.empty());
      options.initial = "a red cat";
      CHECK(!captioner(image, options).refined.empty());
    }
  }
  CaptionOptions options;
  options.first_share = 1;
  const Image image(8, 8);
  CHECK_THROWS_WITH_AS(captioner(image, options), "first_share: expected a number from 0 to below 1, actual 1", Error);
}

TEST_CASE("rounds end where a caption comes back as it was") {
  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(SHARPEYE_SOURCE_DIR "/weights/demo"), pool);
  const Image image = read_image(SHARPEYE_SOURCE_DIR "/tools/sample.png", StbImageDecoder{});
  CaptionOptions options;
  options.rounds = 100;
  const Caption last = captioner(image, options);
  REQUIRE(last.rounds < 100);
  options.rounds = last.rounds;
  CHECK(captioner(image, options).refined_ids == last.refined_ids);
  options.rounds = 1;
  options.initial = last.refined;
  CHECK(captioner(image, options).refined == last.refined);
}

TEST_CASE("a second glance with fewer visual tokens: all of them are as before, the way of decoding does not matter") {
  ThreadPool pool(2);
  Captioner captioner(CaptionModel::load(SHARPEYE_SOURCE_DIR "/weights/demo"), pool);
  const Image image = read_image(SHARPEYE_SOURCE_DIR "/tools/sample.png", StbImageDecoder{});
  for (const Index beams : {1, 3}) {
    CAPTURE(beams);
    CaptionOptions options;
    options.generation = captioner.model().generation();
    options.generation->num_beams = beams;
    const Caption usual = captioner(image, options);
    options.visual_token_share = 1;
    const Caption all = captioner(image, options);
    CHECK(all.refined_ids == usual.refined_ids);
    CHECK(all.refined_confidence.log_probabilities == usual.refined_confidence.log_probabilities);
    Index rows = 0;
    options.on_tensor = [&](const std::string& name, const TensorView& values) {
      if (name == "ser.output") rows = values.rows;
    };
    for (const auto& [share, expected] : {std::pair(0.5, Index{32}), {0.25, Index{16}}, {0.001, Index{1}}}) {
      CAPTURE(share);
      options.visual_token_share = share;
      options.verify_draft = false;
      const Caption fewer = captioner(image, options);
      CHECK(rows == expected);
      CHECK(fewer.initial_ids == usual.initial_ids);
      CHECK(fewer.initial_confidence.log_probabilities == usual.initial_confidence.log_probabilities);
      CHECK(fewer.refined_confidence.log_probabilities != usual.refined_confidence.log_probabilities);
      options.verify_draft = true;
      CHECK(captioner(image, options).refined_ids == fewer.refined_ids);
    }
  }
}

TEST_CASE("a share of visual tokens that cannot be is refused") {
  ThreadPool pool(1);
  const Image image(8, 8);
  CaptionOptions options;
  Captioner captioner(CaptionModel::load(SHARPEYE_SOURCE_DIR "/weights/demo"), pool);
  for (const double share : {0.0, -1.0, 1.5}) {
    options.visual_token_share = share;
    CHECK_THROWS_WITH_AS(captioner(image, options), doctest::Contains("expected a number above 0, at most 1, actual"),
                         Error);
  }
  MmSerConfig config = captioner.model().config();
  config.refine_prompt = "<image> {initial} <image>";
  CHECK_THROWS_WITH_AS(check_visual_token_share(config, 0.5, "here"),
                       "here: expected 1 where prompts.refine shows the image more than once, actual 0.5", Error);
  check_visual_token_share(config, 1, "here");
  config.ser_connector.reset();
  CHECK_THROWS_WITH_AS(check_visual_token_share(config, 1, "here"),
                       "here: expected none with a model without ser_connector", Error);
  // From a file; what says 1 is written as it always was.
  Json json = captioner.model().config().to_json();
  CHECK(!json["ser_connector"].contains("visual_token_share"));
  json["ser_connector"]["visual_token_share"] = 0.5;
  const MmSerConfig read = MmSerConfig::from_json({json, "config.json"});
  CHECK(read.ser_connector->visual_token_share == 0.5);
  CHECK(read.to_json() == json);
  json["prompts"]["refine"] = "<image><image>";
  CHECK_THROWS_WITH_AS(MmSerConfig::from_json({json, "config.json"}),
                       doctest::Contains("ser_connector.visual_token_share: expected 1 where"), Error);
  json["ser_connector"]["visual_token_share"] = 0;
  CHECK_THROWS_WITH_AS(MmSerConfig::from_json({json, "config.json"}), doctest::Contains("visual_token_share"), Error);
}
