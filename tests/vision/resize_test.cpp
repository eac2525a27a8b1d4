#include "sharpeye/vision/resize.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "support/image_golden.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

TEST_CASE("the bicubic kernel is Keys' with a = -0.5") {
  CHECK(bicubic_kernel(0) == 1);
  CHECK(bicubic_kernel(0.5) == 0.5625);
  CHECK(bicubic_kernel(-0.5) == 0.5625);
  CHECK(bicubic_kernel(1) == 0);
  CHECK(bicubic_kernel(1.5) == -0.0625);
  CHECK(bicubic_kernel(2) == 0);
}

TEST_CASE("resizes equal Pillow's in every sample") {
  PassOrder order = PassOrder::kHorizontalFirst;
  std::string golden;
  SUBCASE("Pillow 9.4") {
    golden = "vision/resizes.txt";
  }
  SUBCASE("Pillow 13.0") {
    golden = "vision/resizes_pillow13.txt";
    order = PassOrder::kByShape;
  }
  std::ifstream file(test::fixture(golden));
  int cases = 0;
  Index from_width, from_height, width, height;
  for (std::uint64_t expected; file >> std::dec >> from_width >> from_height >> width >> height >> std::hex >> expected;
       ++cases) {
    CAPTURE(from_width);
    CAPTURE(from_height);
    CAPTURE(width);
    CAPTURE(height);
    CHECK(test::fnv1a(resize_bicubic(test::noise(from_width, from_height), width, height, order)) == expected);
  }
  CHECK(cases == 42);
}

TEST_CASE("Lanczos: the kernel, and resizes equal to Pillow's in every sample") {
  CHECK(lanczos_kernel(0) == 1);
  CHECK(std::abs(lanczos_kernel(1)) < 1e-15);
  CHECK(lanczos_kernel(1.5) == doctest::Approx(-0.1350949));
  CHECK(lanczos_kernel(3) == 0);
  std::ifstream file(test::fixture("vision/lanczos.txt"));
  int cases = 0;
  Index from_width, from_height, width, height;
  for (std::uint64_t expected; file >> std::dec >> from_width >> from_height >> width >> height >> std::hex >> expected;
       ++cases) {
    CAPTURE(from_width);
    CAPTURE(from_height);
    CAPTURE(width);
    CAPTURE(height);
    CHECK(test::fnv1a(resize_lanczos(test::noise(from_width, from_height), width, height)) == expected);
  }
  CHECK(cases == 42);
}

TEST_CASE("a crop, and an image on a canvas, equal the detour over whole images") {
  const Image image = test::noise(37, 11);
  const std::array<std::uint8_t, 3> fill{122, 116, 104};
  Image canvas(50, 40);
  for (Index y = 0; y < canvas.height(); ++y) {
    for (Index x = 0; x < canvas.width(); ++x) {
      const bool inside = x >= 6 && x < 6 + 37 && y >= 20 && y < 20 + 11;
      std::memcpy(canvas.row(y) + 3 * x, inside ? image.row(y - 20) + 3 * (x - 6) : fill.data(), 3);
    }
  }
  for (const Index side : {7, 40, 50, 90}) {
    const Image whole = resize_bicubic(canvas, side, side);
    const Image direct = resize_bicubic(image, {37, 6, 50, side, 0, side}, {11, 20, 40, side, 0, side}, fill);
    CHECK(direct.pixels() == whole.pixels());
    const Image crop = resize_bicubic(image, {37, 6, 50, side, 2, 3}, {11, 20, 40, side, 4, 2}, fill);
    for (Index y = 0; y < 2; ++y) CHECK(std::memcmp(crop.row(y), whole.row(4 + y) + 3 * 2, 9) == 0);
  }
}

TEST_CASE("columns come first where the height shrinks by more than twice the width, as in Pillow 13") {
  const auto differs = [](Index from_width, Index from_height, Index width, Index height) {
    const Image image = test::noise(from_width, from_height);
    return resize_bicubic(image, width, height).pixels() !=
           resize_bicubic(image, width, height, PassOrder::kHorizontalFirst).pixels();
  };
  CHECK(differs(40, 81, 20, 40));        // 41 rows fewer, 20 columns
  CHECK_FALSE(differs(40, 80, 20, 40));  // 40 and 20
  CHECK(differs(20, 81, 40, 80));        // wider, and lower
  CHECK_FALSE(differs(20, 80, 10, 90));
  // On a canvas, and in any format.
  const Image image = test::noise(11, 90);
  const std::array<std::uint8_t, 3> fill{122, 116, 104};
  Image canvas(20, 100);
  for (Index y = 0; y < canvas.height(); ++y) {
    for (Index x = 0; x < canvas.width(); ++x) {
      const bool inside = x >= 3 && x < 3 + 11 && y >= 7 && y < 7 + 90;
      std::memcpy(canvas.row(y) + 3 * x, inside ? image.row(y - 7) + 3 * (x - 3) : fill.data(), 3);
    }
  }
  const Image whole = resize_bicubic(canvas, 15, 30);
  CHECK(resize_bicubic(image, {11, 3, 20, 15, 0, 15}, {90, 7, 100, 30, 0, 30}, fill).pixels() == whole.pixels());
  std::vector<std::uint8_t> bgra;
  for (std::size_t i = 0; i < image.pixels().size(); i += 3) {
    for (const std::size_t c : {2, 1, 0, 0}) bgra.push_back(image.pixels()[i + c]);
  }
  const ImageView view{bgra.data(), 11, 90, 44, PixelFormat::kBgra};
  CHECK(resize_bicubic(view, 10, 30).pixels() == resize_bicubic(image, 10, 30).pixels());
}

TEST_CASE("every pixel format and stride is read in place") {
  const Image rgb = test::noise(23, 9);
  const Image expected = resize_bicubic(rgb, 14, 14);
  for (const PixelFormat format : {PixelFormat::kRgb, PixelFormat::kBgr, PixelFormat::kRgba, PixelFormat::kBgra}) {
    const Index step = bytes_per_pixel(format), stride = 23 * step + 5;
    const bool swap = format == PixelFormat::kBgr || format == PixelFormat::kBgra;
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(9 * stride), 77);
    for (Index y = 0; y < 9; ++y) {
      for (Index i = 0; i < 3 * 23; ++i) {
        const Index c = swap ? 2 - i % 3 : i % 3;
        bytes[static_cast<std::size_t>(y * stride + i / 3 * step + c)] = rgb.row(y)[i];
      }
    }
    const ImageView view{bytes.data(), 23, 9, stride, format};
    CHECK(to_rgb(view).pixels() == rgb.pixels());
    CHECK(resize_bicubic(view, 14, 14).pixels() == expected.pixels());
  }
  const ImageView gray{rgb.row(0), 23, 2, 23, PixelFormat::kGray};
  CHECK(to_rgb(gray).row(1)[5 * 3 + 1] == rgb.row(0)[23 + 5]);
  CHECK(to_rgb(gray).row(1)[5 * 3 + 2] == rgb.row(0)[23 + 5]);
}

TEST_CASE("views without pixels, with a short stride or absurd sides are refused") {
  const std::uint8_t byte = 0;
  const auto code = [](const ImageView& view) {
    try {
      resize_bicubic(view, 2, 2);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kCancelled;
  };
  CHECK(code({nullptr, 1, 1, 3}) == ErrorCode::kInvalidArgument);
  CHECK(code({&byte, 0, 1, 3}) == ErrorCode::kInvalidArgument);
  CHECK(code({&byte, 1, -1, 3}) == ErrorCode::kInvalidArgument);
  CHECK(code({&byte, 2, 1, 5}) == ErrorCode::kInvalidArgument);
  CHECK(code({&byte, kMaxImageSide + 1, 1, Index{1} << 40}) == ErrorCode::kInvalidArgument);
  CHECK(code({&byte, 1, 1, 3, static_cast<PixelFormat>(9)}) == ErrorCode::kInvalidArgument);
  CHECK_THROWS_AS(resize_bicubic(test::noise(2, 2), 0, 5), Error);
  CHECK_THROWS_AS(Image(5, kMaxImageSide + 1), Error);
}
