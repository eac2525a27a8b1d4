// Attention as a picture, on maps that were made by hand.

#include "sharpeye/pipeline/attention_map.hpp"

#include <doctest/doctest.h>

#include "sharpeye/c/attention.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/text/prompt.hpp"

using namespace sharpeye;

namespace {

// Two layers, two heads, two tokens; keys: a token of text, four visual tokens, a token of text, a written token.
GlanceExplanation glance() {
  GlanceExplanation made{};
  made.key_ids = {2, kImageToken, kImageToken, kImageToken, kImageToken, 9, 11};
  made.visual_keys = {1, 2, 3, 4};
  made.num_prompt_keys = 6;
  made.ids = {11, 2};
  made.attention = {2, 2, 2, 7, {}};
  for (int i = 0; i < 8; ++i) {
    const float a = i == 5 ? 0.5f : 0.125f;  // layer 1, head 0, token 1 sees the first visual token most
    for (const float value : {0.125f, a, 0.125f, 0.125f, 0.0f, 0.25f, 0.75f - 0.125f - a}) {
      made.attention.values.push_back(value);
    }
  }
  return made;
}

}  // namespace

TEST_CASE("what C sees of merged visual tokens are the smallest boxes around them") {
  const std::vector<PixelBox> boxes = {{0, 0, 0, 0}, {0, 0, 10, 8}, {10, 0, 10, 8}, {0, 8, 10, 8}, {10, 8, 10, 8}};
  CHECK(c_api::join_boxes(boxes, {}).size() == 5);
  const std::vector<PixelBox> joined = c_api::join_boxes(boxes, {{0}, {2, 1}, {0, 4}, {3, 2}});
  const auto is = [&](std::size_t i, double left, double top, double width, double height) {
    const PixelBox& box = joined.at(i);
    return box.left == left && box.top == top && box.width == width && box.height == height;
  };
  CHECK(joined.size() == 4);
  CHECK(is(0, 0, 0, 0, 0));
  CHECK(is(1, 0, 0, 20, 8));
  CHECK(is(2, 10, 8, 10, 8));
  CHECK(is(3, 0, 0, 20, 16));
}

TEST_CASE("means over tokens, layers and heads") {
  const GlanceExplanation made = glance();
  CHECK(image_attention(made, {0, 1, {}, {}}) == std::vector<double>{0.125, 0.125, 0.125, 0});
  CHECK(image_attention(made, {1, 2, 1, 0}) == std::vector<double>{0.5, 0.125, 0.125, 0});
  CHECK(image_attention(made, {0, 2, 1, 0})[0] == 0.3125);
  CHECK(image_attention(made, {0, 2, {}, {}})[0] == doctest::Approx(0.125 + 0.375 / 8));
  const AttentionShares shares = attention_shares(made, {1, 2, 1, 0});
  CHECK(shares.image == 0.75);
  CHECK(shares.prompt == 0.375);
  CHECK(shares.caption == 0.125);
  CHECK_THROWS_WITH_AS(image_attention(made, {0, 1, 2, {}}), "layer: expected 0 to 1, actual 2", Error);
  CHECK_THROWS_WITH_AS(image_attention(made, {0, 1, {}, 7}), "head: expected 0 to 1, actual 7", Error);
  CHECK_THROWS_WITH_AS(image_attention(made, {1, 3, {}, {}}), "tokens: expected some of 2, actual 1 to 3", Error);
}

TEST_CASE("entropy in bits") {
  CHECK(entropy({1, 1, 1, 1}) == 2);
  CHECK(entropy({0.1, 0.1, 0, 0}) == 1);
  CHECK(entropy({0, 0.3}) == 0);
  CHECK(entropy({0, 0}) == 0);
}

TEST_CASE("the mass in a region counts parts of boxes, and what has a place only") {
  const std::vector<PixelBox> boxes{{0, 0, 0, 0}, {0, 0, 10, 10}, {10, 0, 10, 10}};
  CHECK(overlaps(boxes, {5, 0, 10, 5}) == std::vector<double>{0, 0.25, 0.25});
  CHECK(mass_in({7, 3, 1}, boxes, {0, 0, 10, 10}) == 0.75);
  CHECK(mass_in({7, 3, 1}, boxes, {0, 0, 5, 10}) == 0.375);
  CHECK(mass_in({7, 0, 0}, boxes, {0, 0, 10, 10}) == 0);
  CHECK(mass_in({7, 3, 1}, boxes, {50, 50, 9, 9}) == 0);
}

TEST_CASE("visual tokens stand in a grid on each square; class tokens and queries nowhere") {
  const JsonReader json(read_json_file(std::string(SHARPEYE_SOURCE_DIR) + "/weights/demo/config.json", 1 << 20),
                        "json");
  MmSerConfig config = MmSerConfig::from_json(json);  // 8 x 8 patches
  ImageProcessorConfig settings;
  settings.image_size = 64;
  const ImageProcessor processor(settings);
  const auto boxes = visual_token_boxes(processor, {80, 40}, config, 0, 64);
  REQUIRE(boxes.size() == 64);
  CHECK(boxes[0].top == -20);  // padding
  CHECK(boxes[8 * 3 + 2].left == 20);
  CHECK(boxes[8 * 3 + 2].top == 10);
  CHECK(boxes[8 * 3 + 2].width == 10);
  // With the class token in front.
  const auto with_class = visual_token_boxes(processor, {80, 40}, config, 0, 65);
  CHECK(with_class[0].width == 0);
  CHECK(with_class[1].top == -20);
  // Three layers one after the other, and tokens of the caption behind them.
  const auto levels = visual_token_boxes(processor, {80, 40}, config, 1, 3 * 64 + 5);
  CHECK(levels[64 + 8 * 3 + 2].left == 20);
  CHECK(levels[3 * 64 + 1].width == 0);
  config.ser_connector->variant = SerConnectorConfig::Variant::kQueryDecoder;
  for (const PixelBox& box : visual_token_boxes(processor, {80, 40}, config, 1, 100)) CHECK(box.width == 0);
}
