#include "sharpeye/vision/image_processor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "support/image_golden.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

ImageProcessor make_processor(Index size, const std::string& aspect, PassOrder order = PassOrder::kByShape) {
  ImageProcessorConfig config;
  config.pass_order = order;
  config.image_size = size;
  config.aspect = aspect == "pad" ? Aspect::kPad : aspect == "crop" ? Aspect::kCrop : Aspect::kSquash;
  return ImageProcessor(config);
}

}  // namespace

TEST_CASE("squares equal Pillow's and Hugging Face's in every sample") {
  PassOrder order = PassOrder::kHorizontalFirst;
  std::string golden;
  SUBCASE("Pillow 9.4") {
    golden = "vision/squares.txt";
  }
  SUBCASE("Pillow 13.0") {
    golden = "vision/squares_pillow13.txt";
    order = ImageProcessorConfig().pass_order;
  }
  std::ifstream file(test::fixture(golden));
  int cases = 0;
  Index width, height, size;
  std::string aspect;
  for (std::uint64_t expected; file >> std::dec >> width >> height >> size >> aspect >> std::hex >> expected; ++cases) {
    CAPTURE(width);
    CAPTURE(height);
    CAPTURE(size);
    CAPTURE(aspect);
    CHECK(test::fnv1a(make_processor(size, aspect, order).resize(test::noise(width, height))) == expected);
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

TEST_CASE("pictures are turned upright first, or taken as stored on request") {
  const Image stored = test::noise(40, 24);
  for (const char* aspect : {"pad", "crop", "squash"}) {
    ImageProcessorConfig as_stored = make_processor(16, aspect).config();
    as_stored.apply_exif = false;
    for (int orientation = 1; orientation <= 8; ++orientation) {
      CAPTURE(orientation);
      ImageView view = stored;
      view.orientation = orientation;
      const Image turned = upright(view);
      CHECK(turned.orientation() == 1);
      CHECK((turned.width() == 24) == (orientation >= 5));
      CHECK(make_processor(16, aspect)(view) == make_processor(16, aspect)(turned));
      CHECK(ImageProcessor(as_stored)(view) == make_processor(16, aspect)(stored));
    }
    ImageView wrong = stored;
    wrong.orientation = 9;
    CHECK_THROWS_AS(make_processor(16, aspect)(wrong), Error);
  }
}

TEST_CASE("upright moves the right pixels, for any channel order and padded rows") {
  // Where the stored pixel (x, y) of a width x height picture goes.
  const auto place = [](int orientation, Index x, Index y, Index width, Index height) -> std::pair<Index, Index> {
    switch (orientation) {
      case 2: return {width - 1 - x, y};
      case 3: return {width - 1 - x, height - 1 - y};
      case 4: return {x, height - 1 - y};
      case 5: return {y, x};
      case 6: return {height - 1 - y, x};
      case 7: return {height - 1 - y, width - 1 - x};
      case 8: return {y, width - 1 - x};
      default: return {x, y};
    }
  };
  constexpr Index kWidth = 70, kHeight = 37, kStride = 4 * kWidth + 12;
  const Image image = test::noise(kWidth, kHeight);
  std::vector<std::uint8_t> bgra(static_cast<std::size_t>(kStride * kHeight), 99);
  for (Index y = 0; y < kHeight; ++y) {
    for (Index x = 0; x < kWidth; ++x) {
      for (Index c = 0; c < 3; ++c) {
        bgra[static_cast<std::size_t>(y * kStride + 4 * x + c)] = image.row(y)[3 * x + 2 - c];
      }
    }
  }
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    ImageView view = image;
    view.orientation = orientation;
    const Image turned = upright(view);
    bool right = true;
    for (Index y = 0; y < kHeight; ++y) {
      for (Index x = 0; x < kWidth; ++x) {
        const auto [u, v] = place(orientation, x, y, kWidth, kHeight);
        right = right && std::equal(image.row(y) + 3 * x, image.row(y) + 3 * x + 3, turned.row(v) + 3 * u);
      }
    }
    CHECK(right);
    const ImageView other{bgra.data(), kWidth, kHeight, kStride, PixelFormat::kBgra, orientation};
    CHECK(upright(other).pixels() == turned.pixels());
  }
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
