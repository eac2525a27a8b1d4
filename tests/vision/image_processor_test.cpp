#include "sharpeye/vision/image_processor.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <string>

#include "support/image_golden.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

ImageProcessor make_processor(Index size, const std::string& aspect) {
  ImageProcessorConfig config;
  config.image_size = size;
  config.aspect = aspect == "pad" ? Aspect::kPad : aspect == "crop" ? Aspect::kCrop : Aspect::kSquash;
  return ImageProcessor(config);
}

}  // namespace

TEST_CASE("squares equal Pillow's and Hugging Face's in every sample") {
  std::ifstream file(test::fixture("vision/squares.txt"));
  int cases = 0;
  Index width, height, size;
  std::string aspect;
  for (std::uint64_t expected; file >> std::dec >> width >> height >> size >> aspect >> std::hex >> expected; ++cases) {
    CAPTURE(width);
    CAPTURE(height);
    CAPTURE(size);
    CAPTURE(aspect);
    CHECK(test::fnv1a(make_processor(size, aspect).resize(test::noise(width, height))) == expected);
  }
  CHECK(cases >= 300);
}

TEST_CASE("a photo equals Pillow's") {
  const std::string data = test::shared_data();
  if (data.empty()) {
    MESSAGE("skipped: no shared test data");
    return;
  }
  std::ifstream photo(data + "/jpeg/testorig.ppm", std::ios::binary);
  std::string magic;
  Index width, height, maximum;
  photo >> magic >> width >> height >> maximum;
  REQUIRE(magic == "P6");
  photo.get();
  Image image(width, height);
  photo.read(reinterpret_cast<char*>(image.row(0)), static_cast<std::streamsize>(image.pixels().size()));
  REQUIRE(photo.good());
  std::ifstream file(test::fixture("vision/photo.txt"));
  int cases = 0;
  std::string aspect;
  for (std::uint64_t expected; file >> aspect >> std::hex >> expected; ++cases) {
    CAPTURE(aspect);
    CHECK(test::fnv1a(make_processor(336, aspect).resize(image)) == expected);
  }
  CHECK(cases == 3);
}

TEST_CASE("normalised tensors equal Hugging Face's") {
  std::ifstream file(test::fixture("vision/tensors.txt"));
  int cases = 0;
  std::string aspect;
  for (Index width, height, size; file >> width >> height >> size >> aspect; ++cases) {
    CAPTURE(width);
    CAPTURE(aspect);
    const std::vector<float> actual = make_processor(size, aspect)(test::noise(width, height));
    REQUIRE(actual.size() == static_cast<std::size_t>(3 * size * size));
    for (const float value : actual) {
      double expected = 0;
      REQUIRE(static_cast<bool>(file >> expected));
      CHECK(value == static_cast<float>(expected));  // the gate is 1e-6; every step is IEEE arithmetic in one order
    }
  }
  CHECK(cases == 6);
}

TEST_CASE("the padding colour is int(255 * mean)") {
  CHECK(ImageProcessorConfig().fill() == std::array<std::uint8_t, 3>{122, 116, 104});
}

TEST_CASE("extreme shapes cost no more than their pixels") {
  for (const char* aspect : {"pad", "crop", "squash"}) {
    const Image tall = make_processor(336, aspect).resize(test::noise(1, 20000));
    const Image wide = make_processor(336, aspect).resize(test::noise(kMaxImageSide, 1));
    CHECK(tall.width() == 336);
    CHECK(wide.height() == 336);
  }
}

TEST_CASE("settings out of range are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](auto change) {
    ImageProcessorConfig config;
    change(config);
    try {
      ImageProcessor processor(config);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kConfig;
    }
    return false;
  };
  CHECK(refused([](auto& config) { config.image_size = 0; }));
  CHECK(refused([](auto& config) { config.image_size = 4097; }));
  CHECK(refused([](auto& config) { config.aspect = static_cast<Aspect>(7); }));
  CHECK(refused([=](auto& config) { config.rescale_factor = nan; }));
  CHECK(refused([=](auto& config) { config.mean[1] = nan; }));
  CHECK(refused([](auto& config) { config.mean[2] = 1.5; }));
  CHECK(refused([](auto& config) { config.std[0] = 0; }));
  CHECK(refused([](auto& config) { config.std[0] = 1e-300; }));
  CHECK(refused([=](auto& config) { config.std[2] = nan; }));
  CHECK_FALSE(refused([](auto&) {}));
}
