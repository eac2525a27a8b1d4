#include <doctest/doctest.h>

#include "sharpeye/io/stb_image_decoder.hpp"
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
      options.verify_draft = options.verify_draft_with_beams = true;
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
