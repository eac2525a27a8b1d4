// Captions of streams: the command with pipes and folders. (Readers of frames are tested in io/.)

#include <cmath>
#include <filesystem>

#include "run_command.hpp"

using sharpeye::Json;
using test::run;
using test::world;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> stream(std::vector<std::string> arguments) {
  const std::vector<std::string> front{"stream", "--model", world().model(), "--max-new-tokens", "3"};
  arguments.insert(arguments.begin(), front.begin(), front.end());
  return arguments;
}

constexpr int kSide = 12;

/// Raw RGB frames; every seed is another picture.
std::string frames_of(const std::vector<unsigned>& seeds) {
  std::string bytes;
  for (unsigned seed : seeds) {
    for (int i = 0; i < 3 * kSide * kSide; ++i) bytes += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  }
  return bytes;
}

std::vector<std::string> raw(std::vector<std::string> options) {
  options.insert(options.end(), {"--raw", "rgb24", "--size", "12x12"});
  return stream(options);
}

std::string last_line(const std::string& text) {
  return test::lines_of(text).empty() ? "" : test::lines_of(text).back();
}

}  // namespace

TEST_CASE("how a frame becomes square is an option, as of caption") {
  const test::TemporaryFolder folder;
  test::write_image(folder / "wide.ppm", 4 * kSide, kSide, 5);
  const std::string pixels = test::read_text(folder / "wide.ppm").substr(sizeof "P6\n48 12\n255");
  std::vector<std::string> captions;
  for (const char* aspect : {"pad", "crop", "squash"}) {
    const auto expected = run({"caption", "--json", "--model", world().model(), "--max-new-tokens", "3", "--aspect",
                               aspect, folder / "wide.ppm"});
    captions.push_back(test::parse(expected.out).at("refined").dump());
    const auto lines =
        test::lines_of(run(stream({"--raw", "rgb24", "--size", "48x12", "--aspect", aspect}), pixels).out);
    REQUIRE(lines.size() == 2);
    CHECK(test::parse(lines[1]).at("caption").dump() == captions.back());
  }
  CHECK(captions[0] != captions[1]);
}

TEST_CASE("stream has the captions of caption, a line for each glance") {
  const auto result = run(raw({"--fps", "4"}), frames_of({1, 2, 3}));
  CHECK(result.exit_code == 0);
  CHECK(last_line(result.err) == "sharpeye: 3 frames: 3 captioned, 3 of them refined, 0 skipped, 0 dropped, 0 failed");
  const auto lines = test::lines_of(result.out);
  REQUIRE(lines.size() == 6);
  const test::TemporaryFolder folder;
  for (unsigned i = 0; i < 3; ++i) {
    test::write_image(folder / "one.ppm", kSide, kSide, i + 1);
    const Json expected = test::parse(
        run({"caption", "--json", "--model", world().model(), "--max-new-tokens", "3", folder / "one.ppm"}).out);
    for (int glance = 1; glance <= 2; ++glance) {
      const Json line = test::parse(lines[2 * i + static_cast<unsigned>(glance) - 1]);
      const char* pass = glance == 1 ? "initial" : "refined";
      CHECK(line.at("frame") == i);
      CHECK(line.at("time").get<double>() == i / 4.0);
      CHECK(line.at("glance") == glance);
      CHECK(line.at("caption") == expected.at(pass));
      CHECK(line.at("confidence") == expected.at("confidence").at(pass));
      CHECK(line.size() == 5);
    }
  }
}

TEST_CASE("subtitles and LLoVi's lines; the same caption twice is one subtitle") {
  const std::string bytes = frames_of({1, 1, 2, 2, 1});
  const auto json = test::lines_of(run(raw({"--fps", "2"}), bytes).out);
  REQUIRE(json.size() == 10);
  const auto caption = [&](std::size_t frame) {
    return test::parse(json[2 * frame + 1]).at("caption").get<std::string>();
  };
  REQUIRE(caption(0) != caption(2));
  REQUIRE(caption(2) != caption(4));
  const auto shown = [](std::string text, bool vtt) {
    std::string result;
    for (const char c : text.empty() ? "-" : text) {
      result += vtt && c == '&'   ? "&amp;"
                : vtt && c == '<' ? "&lt;"
                : vtt && c == '>' ? "&gt;"
                                  : std::string(1, c < ' ' && c >= 0 ? ' ' : c);
    }
    return result;
  };
  CHECK(run(raw({"--fps", "2", "--format", "srt"}), bytes).out ==
        "1\n00:00:00,000 --> 00:00:01,000\n" + shown(caption(0), false) + "\n\n2\n00:00:01,000 --> 00:00:02,000\n" +
            shown(caption(2), false) + "\n\n3\n00:00:02,000 --> 00:00:02,500\n" + shown(caption(4), false) + "\n\n");
  const std::string vtt = run(raw({"--fps", "0.001", "--format", "vtt"}), bytes).out;
  CHECK(vtt.find("WEBVTT\n\n00:00:00.000 --> 00:33:20.000\n" + shown(caption(0), true) + "\n\n") == 0);
  CHECK(vtt.find("01:06:40.000 --> 01:23:20.000\n") != std::string::npos);
  const auto lines = test::lines_of(run(raw({"--fps", "2", "--every", "1", "--format", "llovi"}), bytes).out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].substr(0, 3) == "2: ");
  CHECK(lines[2].back() == '.');
  CHECK(run(raw({"--min-confidence", "1", "--format", "llovi"}), bytes).out.find("0: not sure.\n") == 0);
}

TEST_CASE("--every chooses frames") {
  const std::string bytes = frames_of({1, 1, 1, 2, 2, 1});
  const auto frames = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--glances", "1"});
    std::string found;
    for (const std::string& line : test::lines_of(run(raw(options), bytes).out))
      found += sharpeye::concat(test::parse(line).at("frame").get<int>(), " ");
    return found;
  };
  CHECK(frames({"--every", "frame"}) == "0 1 2 3 4 5 ");
  CHECK(frames({"--every", "change"}) == "0 3 5 ");
  CHECK(frames({"--every", "change", "--change-threshold", "1"}) == "0 ");
  CHECK(frames({"--every", "0.5", "--fps", "4"}) == "0 2 4 ");
  for (const char* wrong : {"0", "-1", "nan", "often", "1s", ""})
    test::check_refused(raw({"--every", wrong}), "--every");
}

TEST_CASE("broken frames are said one by one, and the stream goes on") {
  const auto cut = run(raw({}), frames_of({1, 2}).substr(0, 3 * kSide * kSide + 5));
  CHECK(cut.exit_code == 1);
  CHECK(test::lines_of(cut.out).size() == 2);
  CHECK(cut.err.find("sharpeye: -: frame 1: expected 432 bytes, actual 5: the stream ended inside a frame\n") !=
        std::string::npos);
  const std::string png = test::read_text(test::fixture("image/alpha.png"));
  std::string broken = png;
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
  const auto mixed = run(stream({"--glances", "1"}), png + broken + "noise" + png);
  CHECK(mixed.exit_code == 1);
  CHECK(test::lines_of(mixed.out).size() == 2);
  CHECK(last_line(mixed.err).find("2 frames: 2 captioned") != std::string::npos);
  CHECK(last_line(mixed.err).find("2 failed") != std::string::npos);
  const auto nothing = run(stream({}), "");
  CHECK(nothing.exit_code == 0);
  CHECK(last_line(nothing.err).find("0 frames") != std::string::npos);
}

TEST_CASE("wrong options and inputs") {
  test::check_refused(stream({"--raw", "rgb24"}), "--size");
  test::check_refused(stream({"--size", "3x4"}), "--size: expected with --raw");
  for (const char* size : {"x", "3", "3x", "x4", "3x4x5", "3 x4"})
    test::check_refused(stream({"--raw", "rgb24", "--size", size}), "--size: expected WIDTHxHEIGHT");
  test::check_refused(stream({"--raw", "rgb24", "--size", "0x4"}), "expected sides of 1 to 65536 pixels");
  test::check_refused(stream({"--raw", "rgb24", "--size", "4x4", "--stride", "11"}), "stride: expected 12 bytes");
  test::check_refused(stream({"--raw", "yuyv", "--size", "4x4"}), "--raw");
  test::check_refused(stream({"--always-refine"}), "--live");
  test::check_refused(stream({"/nowhere"}), "/nowhere: cannot open");
  const test::TemporaryFolder folder;
  test::check_refused(stream({"--raw", "rgb24", "--size", "4x4", folder.path()}), "--raw: expected a pipe or a file");
  const auto other = run(stream({}), "GIF89a and so on");
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("expected YUV4MPEG2, JPEG or PNG frames, actual \"GIF89a and\"") != std::string::npos);
}

TEST_CASE("a folder is watched: what is there, what comes, what is still being written") {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "in");
  const std::string in = folder / "in";
  test::write_image(in + "/b.ppm", 9, 9, 1);
  test::write_image(in + "/a.ppm", 9, 9, 2);
  test::write_text(in + "/notes.txt", "no image");
  test::write_text(in + "/bad.png", "no image");
  test::write_image(folder / "later.ppm", 9, 9, 3);
  const auto result = test::run_shell("(sleep 0.8; head -c 100 " + test::quoted(folder / "later.ppm") + " >" +
                                      test::quoted(in + "/c.ppm") + "; tail -c +101 " +
                                      test::quoted(folder / "later.ppm") + " >>" + test::quoted(in + "/c.ppm") +
                                      ") & " + test::command_line(stream({"--glances", "1", "--idle", "2.5", in})));
  CHECK(result.exit_code == 1);
  std::string names;
  for (const std::string& line : test::lines_of(result.out))
    names += test::parse(line).at("image").get<std::string>().substr(in.size());
  CHECK(names == "/a.ppm/b.ppm/c.ppm");
  CHECK(result.err.find("bad.png: expected a JPEG") != std::string::npos);
  CHECK(last_line(result.err).find("3 frames: 3 captioned") != std::string::npos);
}

TEST_CASE("live: late frames are dropped and counted; Ctrl-C ends with whole subtitles") {
  std::vector<unsigned> seeds;
  for (unsigned i = 0; i < 300; ++i) seeds.push_back(i);
  const auto live = run(raw({"--live", "--fps", "25"}), frames_of(seeds));
  CHECK(live.exit_code == 0);
  int captioned = 0, dropped = 0;
  REQUIRE(std::sscanf(last_line(live.err).c_str(),
                      "sharpeye: 300 frames: %d captioned, %*d of them refined, 0 skipped, %d dropped, 0 failed",
                      &captioned, &dropped) == 2);
  CHECK(captioned + dropped == 300);
  CHECK(dropped > 0);
  CHECK(test::parse(last_line(live.out)).at("frame") == 299);  // the latest one is never dropped
  const auto ended = test::run_shell("(cat; sleep 5) | timeout --foreground --preserve-status -s INT 1.5 " +
                                         test::command_line(raw({"--format", "srt"})),
                                     frames_of({1, 2}));
  CHECK(ended.exit_code == 130);
  CHECK((ended.out.size() > 2 && ended.out.substr(ended.out.size() - 2) == "\n\n"));
}

TEST_CASE("narrate writes LLoVi's prompt") {
  const std::string lines = "0: a dog runs.\n2: it jumps\n";
  const auto prompt = run({"narrate", "--clip", "2", "--question", "What does it do?", "--choice", "sleep", "--choice",
                           "jump", "--choice", "eat"},
                          lines);
  CHECK(prompt.exit_code == 0);
  CHECK(
      prompt.out ==
      "Please provide a single-letter answer (A, B, or C) to the following multiple-choice question. You must not "
      "provide "
      "any other response or explanation. You are given some language descriptions of a video. The video is 4 seconds "
      "long. Each sentence describes a 2s clip. The descriptions are sequential and non-overlapping which cover the "
      "whole "
      "video exactly. Here are the descriptions: 0: a dog runs.\n2: it jumps.\nYou are going to answer a multiple "
      "choice "
      "question based on the descriptions.\nHere is the question: What does it do?\nHere are the choices.\nA: "
      "sleep\nB: "
      "jump\nC: eat\n");
  const auto summary = run({"narrate", "--seconds", "7.5"}, lines);
  CHECK(summary.out.find("The video is 7.5 seconds long.") != std::string::npos);
  CHECK(summary.out.find("Please give me a summary.\n") != std::string::npos);
  for (const char* wrong : {"", "\n", "a dog", "1:dog\n", ": x\n", "1: a\nnot\n"}) {
    const auto refused = run({"narrate"}, wrong);
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("-: ") != std::string::npos);
  }
  test::check_refused({"narrate", "--choice", "x"}, "--question");
}
