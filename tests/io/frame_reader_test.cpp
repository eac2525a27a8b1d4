// Frames from pipes: every format, cut at every byte, and with rubbish in between.

#include "sharpeye/io/frame_reader.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

/// Hands the bytes over in pieces of `piece`.
ByteSource source_of(const std::string& bytes, std::size_t piece = 7) {
  return [bytes, piece, at = std::size_t{0}](char* target, std::size_t size) mutable {
    const std::size_t count = std::min({piece, size, bytes.size() - at});
    bytes.copy(target, count, at);
    at += count;
    return count;
  };
}

/// What a reader gives: "3x2:FIRST PIXEL" for frames, "!" and the message for errors.
std::vector<std::string> all_of(const std::function<std::unique_ptr<FrameReader>()>& open) {
  std::vector<std::string> result;
  std::unique_ptr<FrameReader> reader;
  try {
    reader = open();
  } catch (const Error& error) {
    return {std::string("!") + error.what()};
  }
  for (int i = 0; i < 100; ++i) {
    try {
      const auto image = reader->next();
      if (!image) {
        CHECK(!reader->next());  // and stays at its end
        return result;
      }
      const std::uint8_t* pixel = image->row(0);
      result.push_back(
          concat(image->width(), "x", image->height(), ":", int{pixel[0]}, ",", int{pixel[1]}, ",", int{pixel[2]}));
    } catch (const Error& error) {
      result.push_back(std::string("!") + error.what());
    }
  }
  FAIL("no end");
  return result;
}

std::vector<std::string> frames_of(const std::string& bytes, std::size_t piece = 7) {
  return all_of([&] { return read_frames(source_of(bytes, piece), "pipe", default_decoder()); });
}

std::vector<std::string> raw_of(const std::string& bytes, const RawFrames& frames) {
  return all_of([&] { return read_raw_frames(source_of(bytes), "pipe", frames); });
}

std::string y4m(const std::string& parameters, const std::vector<std::string>& frames) {
  std::string bytes = "YUV4MPEG2 " + parameters + "\n";
  for (const std::string& frame : frames) bytes += "FRAME\n" + frame;
  return bytes;
}

std::string fixture(const char* name) {
  return read_file(test::fixture(name), 1 << 20);
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("Y4M: colours, samplings and sizes") {
  const std::string white(6, '\xeb'), neutral(4, '\x80');
  CHECK(frames_of(y4m("W3 H2 F25:1 Ip", {white + neutral, white + neutral})) ==
        Strings{"3x2:255,255,255", "3x2:255,255,255"});
  // Red of BT.601, 81 90 240.
  const std::string luma(4, '\x51');
  CHECK(frames_of(y4m("W2 H2 C444 F25:1", {luma + std::string(4, '\x5a') + std::string(4, '\xf0')})) ==
        Strings{"2x2:255,0,0"});
  CHECK(frames_of(y4m("W2 H2 C422", {luma + "\x5a\x5a\xf0\xf0"})) == Strings{"2x2:255,0,0"});
  CHECK(frames_of(y4m("W2 H2 C420jpeg", {luma + "\x5a\xf0"})) == Strings{"2x2:255,0,0"});
  CHECK(frames_of(y4m("W2 H2 Cmono", {luma})) == Strings{"2x2:76,76,76"});
  CHECK(frames_of(y4m("W2 H2 Cmono XCOLORRANGE=FULL Xother", {luma})) == Strings{"2x2:81,81,81"});
  const auto reader = read_frames(source_of(y4m("W2 H2 F30000:1001 Cmono", {})), "pipe", default_decoder());
  CHECK(reader->frame_rate() == doctest::Approx(29.97).epsilon(1e-4));
  CHECK(!reader->next());
}

TEST_CASE("Y4M: broken headers and frames are said, and the stream goes on") {
  const std::string luma(4, '\x51');
  const auto refused = [&](const std::string& parameters, const std::string& part) {
    const auto result = frames_of(y4m(parameters, {luma}));
    REQUIRE(result.size() == 1);
    CHECK_MESSAGE(result[0].find(part) != std::string::npos, result[0]);
    CHECK(result[0].find("!pipe: ") == 0);
  };
  refused("W2 F25:1", "expected W and H");
  refused("W0 H2", "expected a number from 1 to 65536");
  refused("W99999999999999999999 H2", "expected a number from 1 to 65536");
  refused("W2 H-2", "expected a number");
  refused("W2 H2 C420p10", "expected YUV4MPEG2 of 8 bits, C420, C422, C444 or Cmono, actual C\"420p10\"");
  refused("W65536 H65536 Cmono", "pixels");
  refused("W2 H2 F1:0", "expected a number");
  CHECK(frames_of("YUV4MPEG2 W2 H2") == Strings{"!pipe: expected a YUV4MPEG2 header, actual no end of its line"});
  const std::string good = y4m("W2 H2 Cmono", {luma, luma});
  std::string rubbish = good;
  rubbish.insert(rubbish.find("FRAME"), "FRA what is this");
  CHECK(frames_of(rubbish) == Strings{"!pipe: frame 0: expected FRAME, actual 16 bytes of something else, left out",
                                      "2x2:76,76,76", "2x2:76,76,76"});
  // Cut at every byte: frames, then at most one error.
  for (std::size_t size = good.find('\n') + 1; size < good.size(); ++size) {
    const auto result = frames_of(good.substr(0, size));
    std::size_t errors = 0;
    for (const std::string& one : result) errors += one[0] == '!' ? 1 : 0;
    const std::size_t whole = (size - good.find('\n') - 1) / 10;
    CHECK(errors == ((size - good.find('\n') - 1) % 10 == 0 ? 0 : 1));
    CHECK(result.size() == whole + errors);
    if (errors > 0 && result.back().find("ended inside a frame") == std::string::npos) {
      CHECK(result.back().find("bytes of something else") != std::string::npos);
    }
  }
}

TEST_CASE("raw frames with and without stride") {
  RawFrames frames{RawFrames::Layout::kRgb24, 2, 2, 0};
  CHECK(raw_of("abcdefghijklmnopqrstuvwx", frames) == Strings{"2x2:97,98,99", "2x2:109,110,111"});
  frames.stride = 7;  // odd
  CHECK(raw_of("abcdef_ghijkl_mnopqr_stuvwx_", frames) == Strings{"2x2:97,98,99", "2x2:109,110,111"});
  CHECK(raw_of("abcdef_ghijkl_mnopqr_stuvwx", frames) ==
        Strings{"2x2:97,98,99", "!pipe: frame 1: expected 14 bytes, actual 13: the stream ended inside a frame"});
  CHECK(raw_of("", frames).empty());
  RawFrames nv12{RawFrames::Layout::kNv12, 3, 3, 0};  // odd sides: rows of four bytes, two rows of differences
  std::string bytes(5 * 4, '\x51');
  for (std::size_t i = 12; i < bytes.size(); i += 2) {
    bytes[i] = '\x5a';
    bytes[i + 1] = '\xf0';
  }
  CHECK(raw_of(bytes, nv12) == Strings{"3x3:255,0,0"});
  for (const RawFrames& wrong : {RawFrames{RawFrames::Layout::kRgb24, 2, 2, 5},
                                 {RawFrames::Layout::kRgb24, 0, 2, 0},
                                 {RawFrames::Layout::kNv12, 3, 3, 3},
                                 {RawFrames::Layout::kRgb24, 70000, 2, 0},
                                 {RawFrames::Layout::kRgb24, 60000, 60000, 0},
                                 {RawFrames::Layout::kRgb24, 2, 2, Index{1} << 40}}) {
    CHECK_THROWS_AS(read_raw_frames(source_of(""), "pipe", wrong), Error);
  }
}

namespace {

// BT.601 by its formula, in whole numbers of 1/256.
std::uint8_t level(int sum) {
  return static_cast<std::uint8_t>(std::clamp((sum + 128) >> 8, 0, 255));
}
std::array<std::uint8_t, 3> rgb_of(int luma, int blue, int red, bool is_full_range) {
  const int u = blue - 128, v = red - 128, y = is_full_range ? 256 * luma : 298 * (luma - 16);
  return is_full_range ? std::array{level(y + 359 * v), level(y - 88 * u - 183 * v), level(y + 454 * u)}
                       : std::array{level(y + 409 * v), level(y - 100 * u - 208 * v), level(y + 516 * u)};
}

}  // namespace

TEST_CASE("YUV: every luma and difference becomes the pixel of the formula") {
  for (const bool is_full_range : {false, true}) {
    int wrong = 0;
    for (int blue = 0; blue < 256; blue += 3) {  // 0 and 255 among them
      std::string bytes;
      for (int red = 0; red < 256; ++red)
        for (int luma = 0; luma < 256; ++luma) bytes += static_cast<char>(luma);
      bytes += std::string(1 << 16, static_cast<char>(blue));
      for (int red = 0; red < 256; ++red) bytes += std::string(256, static_cast<char>(red));
      const auto reader =
          read_frames(source_of(y4m(is_full_range ? "W256 H256 C444 XCOLORRANGE=FULL" : "W256 H256 C444", {bytes})),
                      "pipe", default_decoder());
      const auto image = reader->next();
      REQUIRE(image.has_value());
      for (int red = 0; red < 256; ++red) {
        for (int luma = 0; luma < 256; ++luma) {
          const auto right = rgb_of(luma, blue, red, is_full_range);
          wrong += std::equal(right.begin(), right.end(), image->row(red) + 3 * luma) ? 0 : 1;
        }
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("YUV: widths around a block, in each sampling") {
  unsigned seed = 1;
  const auto noise = [&](Index size) {
    std::string bytes;
    for (Index i = 0; i < size; ++i) bytes += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return bytes;
  };
  const auto at = [](const std::string& bytes, Index i) {
    return static_cast<int>(static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]));
  };
  for (const Index width : {1, 2, 31, 32, 33, 63, 64, 65, 97}) {
    for (const Index height : {1, 2, 3}) {
      for (const char* sampling : {"420", "422", "444", "mono", "nv12"}) {
        CAPTURE(width);
        CAPTURE(height);
        CAPTURE(sampling);
        const std::string name = sampling;
        const bool is_nv12 = name == "nv12", is_grey = name == "mono";
        const int down_x = name == "444" || is_grey ? 0 : 1, down_y = name == "420" || is_nv12 ? 1 : 0;
        const Index half = (width + down_x) >> down_x, rows = (height + down_y) >> down_y;
        const Index stride = is_nv12 ? 2 * half : width;  // of luma
        const std::string luma = noise(stride * height), blue = noise(half * rows), red = noise(half * rows);
        std::string bytes = luma;
        for (Index i = 0; is_nv12 && i < half * rows; ++i) {
          bytes += blue[static_cast<std::size_t>(i)];
          bytes += red[static_cast<std::size_t>(i)];
        }
        if (!is_nv12 && !is_grey) bytes += blue + red;
        const auto reader =
            is_nv12 ? read_raw_frames(source_of(bytes), "pipe", {RawFrames::Layout::kNv12, width, height, stride})
                    : read_frames(source_of(y4m(concat("W", width, " H", height, " C", name), {bytes})), "pipe",
                                  default_decoder());
        const auto image = reader->next();
        REQUIRE(image.has_value());
        int wrong = 0;
        for (Index y = 0; y < height; ++y) {
          for (Index x = 0; x < width; ++x) {
            const Index chroma = (y >> down_y) * half + (x >> down_x);
            const auto right = rgb_of(at(luma, y * stride + x), is_grey ? 128 : at(blue, chroma),
                                      is_grey ? 128 : at(red, chroma), false);
            wrong += std::equal(right.begin(), right.end(), image->row(y) + 3 * x) ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("JPEG and PNG files one after the other") {
  const std::string jpeg = fixture("image/420_17x9.jpg"), png = fixture("image/alpha.png");
  const Strings one = frames_of(jpeg, 1), other = frames_of(png);
  REQUIRE(one.size() == 1);
  REQUIRE(other.size() == 1);
  CHECK(one[0][0] != '!');
  CHECK(other[0][0] != '!');
  CHECK(frames_of(jpeg + png + jpeg) == Strings{one[0], other[0], one[0]});
  CHECK(frames_of("").empty());
  // Rubbish in between is said once.
  const auto between = frames_of(jpeg + "rub\xff\x89ish" + png, 1);
  CHECK(between == Strings{one[0], "!pipe: frame 1: expected a JPEG or PNG, actual 8 bytes of something else, left out",
                           other[0]});
  CHECK(frames_of(jpeg + "end").back().find("3 bytes of something else") != std::string::npos);
  CHECK(frames_of("GIF89a").front().find("expected YUV4MPEG2, JPEG or PNG frames, actual \"GIF89a\"") !=
        std::string::npos);
  // Cut at every byte, before another file: whatever becomes of the first, the next one is read.
  for (const std::string& first : {jpeg, png}) {
    const std::size_t step = std::max<std::size_t>(1, first.size() / 400);
    for (std::size_t size = 8; size < first.size(); size += step) {
      CAPTURE(size);
      const auto result = frames_of(first.substr(0, size) + jpeg + jpeg, 4096);
      REQUIRE(result.size() >= 2);
      // A file that is cut within a comment may take its rest for the next one's beginning, and be whole with it.
      CHECK((result.front()[0] == '!' || result.front() == one[0]));
      CHECK(result.back() == one[0]);
      const auto end = frames_of(first.substr(0, size), 4096);
      CHECK(end.size() == 1);
      CHECK(end.front()[0] == '!');
    }
  }
}
