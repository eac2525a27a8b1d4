// Frames from pipes: every format, cut at every byte, and with rubbish in between.

#include "sharpeye/io/frame_reader.hpp"

#include <doctest/doctest.h>

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
