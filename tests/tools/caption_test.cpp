#include <unistd.h>

#include <cmath>

#include "run_command.hpp"

using sharpeye::Json;
using test::run;
using test::world;

namespace {

// One line of --json without what differs from run to run.
Json without_timings(const std::string& line) {
  Json json = test::parse(line);
  json.erase("timings_ms");
  return json;
}

std::vector<std::string> caption(std::vector<std::string> arguments) {
  const std::vector<std::string> front{"caption", "--model", world().model()};
  arguments.insert(arguments.begin(), front.begin(), front.end());
  return arguments;
}

}  // namespace

TEST_CASE("caption prints both captions of every image") {
  const auto result = run(caption({world().image_a(), world().image_b(), "--max-new-tokens", "5"}));
  CHECK(result.exit_code == 0);
  CHECK(result.err == "sharpeye: random weights: the words mean nothing\n");
  const auto lines = test::lines_of(result.out);
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == world().image_a());
  CHECK(lines[1].substr(0, 11) == "  initial: ");
  CHECK(lines[2].substr(0, 11) == "  refined: ");
  CHECK(lines[3] == world().image_b());
}

TEST_CASE("an image comes through a pipe as from a file") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe", image = world().image_a();
  const auto piped = test::run_shell("mkfifo " + test::quoted(pipe) + " && (cat " + test::quoted(image) + " >" +
                                     test::quoted(pipe) + " & " + test::command_line(caption({"--json", pipe})) + ")");
  REQUIRE_MESSAGE(piped.exit_code == 0, piped.err);
  const auto direct = run(caption({"--json", image}));
  CHECK(test::parse(piped.out).at("refined") == test::parse(direct.out).at("refined"));
}

TEST_CASE("what is no image says what it is, whatever its name says") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "page.jpg", "<!DOCTYPE html><html></html>");
  test::write_text(folder / "empty.png", "");
  const auto page = run(caption({folder / "page.jpg"})), empty = run(caption({folder / "empty.png"}));
  CHECK(page.exit_code == 1);
  CHECK(page.err.find("page.jpg: expected a JPEG") != std::string::npos);
  CHECK(page.err.find("actual an HTML page") != std::string::npos);
  CHECK(empty.err.find("actual an empty file") != std::string::npos);
}

TEST_CASE("caption --json has the documented keys") {
  const auto result = run(caption({"--json", world().image_a(), world().image_b()}));
  CHECK(result.exit_code == 0);
  const auto lines = test::lines_of(result.out);
  REQUIRE(lines.size() == 2);
  for (const std::string& line : lines) {
    const Json json = test::parse(line);
    CHECK(json.size() == 12);
    CHECK(json.at("deadline_passed") == false);
    CHECK(json.at("initial").is_text());
    CHECK(json.at("refined").is_text());
    CHECK(json.at("rounds") == 1);
    CHECK(json.at("tokens").size() == 2);
    for (const char* pass : {"initial", "refined"}) {
      REQUIRE(json.at("tokens").at(pass).is_list());
      CHECK(json.at("tokens").at(pass).size() > 0);
    }
    for (const char* pass : {"initial", "refined"}) {
      const double mean = json.at("mean_log_probability").at(pass).get<double>();
      CHECK(json.at("confidence").at(pass).get<double>() == doctest::Approx(std::exp(mean)).epsilon(1e-2));
      const Json& logs = json.at("log_probabilities").at(pass);
      REQUIRE(logs.size() == json.at("tokens").at(pass).size());
      double sum = 0;
      for (std::size_t i = 0; i < logs.size(); ++i) sum += logs[i].get<double>();
      CHECK(sum / static_cast<double>(logs.size()) == doctest::Approx(mean).epsilon(1e-4));
      const Json& words = json.at("words").at(pass);
      for (std::size_t i = 0; i < words.size(); ++i) CHECK(words[i].at("probability").get<double>() <= 1);
    }
    CHECK(json.at("steps").at("initial").get<int>() > 0);
    CHECK(json.at("steps").at("refined").get<int>() >= 0);
    const Json& timings = json.at("timings_ms");
    CHECK(timings.size() == 9);
    double sum = 0;
    for (const char* stage : {"image", "vision", "connector", "pass1_prefill", "pass1_decode", "ser_connector",
                              "pass2_prefill", "pass2_decode"}) {
      CHECK(timings.at(stage).get<double>() > 0);
      sum += timings.at(stage).get<double>();
    }
    CHECK(timings.at("total").get<double>() >= 0.99 * sum);
  }
  CHECK(test::parse(lines[0]).at("image") == world().image_a());
  CHECK(test::parse(lines[0]).at("tokens") != test::parse(lines[1]).at("tokens"));
}

TEST_CASE("--min-confidence says that it is not sure, in text and in JSON") {
  const auto with = [](const char* minimum, std::vector<std::string> options) {
    options.insert(options.begin(), {"--min-confidence", minimum, world().image_a()});
    const auto result = run(caption(options));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return result.out;
  };
  const std::string plain = run(caption({world().image_a()})).out;
  CHECK(with("0", {}) == plain);
  CHECK(with("1", {}) == world().image_a() + "\n  initial: not sure\n  refined: not sure\n");
  CHECK(with("1", {"--glances", "1"}) == world().image_a() + "\n  initial: not sure\n");
  const Json sure = test::parse(with("0", {"--json"})), unsure = test::parse(with("1", {"--json"}));
  CHECK(unsure.at("initial") == "not sure");
  CHECK(unsure.at("refined") == "not sure");
  for (const char* pass : {"initial", "refined"}) {
    CHECK(sure.at("sure").at(pass) == true);
    CHECK(unsure.at("sure").at(pass) == false);
  }
  CHECK(unsure.at("confidence") == sure.at("confidence"));
  CHECK(unsure.at("words") == sure.at("words"));
  // Each caption is judged by itself.
  const double initial = sure.at("confidence").at("initial").get<double>();
  const double refined = sure.at("confidence").at("refined").get<double>();
  REQUIRE(initial != refined);
  const Json mixed = test::parse(with(std::to_string((initial + refined) / 2).c_str(), {"--json"}));
  CHECK(mixed.at("sure").at("initial") == (initial > refined));
  CHECK(mixed.at("sure").at("refined") == (refined > initial));
}

TEST_CASE("a bad image is named, the others go on, exit code 1") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "bad.png", "\x89PNG\r\n\x1a\n and then nothing");
  const auto result =
      run(caption({"--json", folder / "bad.png", world().image_a(), folder / "missing.jpg", world().image_b()}));
  CHECK(result.exit_code == 1);
  CHECK(test::lines_of(result.out).size() == 2);
  CHECK(result.err.find("sharpeye: " + (folder / "bad.png") + ": ") != std::string::npos);
  CHECK(result.err.find("sharpeye: " + (folder / "missing.jpg") + ": ") != std::string::npos);
  CHECK(test::lines_of(result.err).size() == 3);  // with the note on random weights
}

TEST_CASE("several images at once: the same lines in the same order, bad ones named") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "bad.png", "\x89PNG\r\n\x1a\n and then nothing");
  std::vector<std::string> images;
  for (int i = 0; i < 5; ++i) {
    images.insert(images.end(), {world().image_a(), folder / "bad.png", world().image_b(), world().image_b()});
  }
  std::vector<std::string> expected;
  for (const char* parallel : {"1", "2", "3"}) {
    std::vector<std::string> words{"--json", "--parallel", parallel, "--max-new-tokens", "4"};
    words.insert(words.end(), images.begin(), images.end());
    const auto result = run(caption(words));
    CHECK(result.exit_code == 1);
    CHECK(test::lines_of(result.err).size() == 6);
    std::vector<std::string> lines;
    for (const std::string& line : test::lines_of(result.out)) lines.push_back(without_timings(line).dump());
    CHECK(lines.size() == 15);
    if (expected.empty()) expected = lines;
    CHECK(lines == expected);
  }
  test::check_refused(caption({"--parallel", "2", world().image_a(), "-"}), "--parallel: expected image files");
}

TEST_CASE("the same text and ids for any number of threads, read or mapped") {
  const auto one = run(caption({"--json", "--threads", "1", world().image_a()}));
  REQUIRE(one.exit_code == 0);
  for (const char* threads : {"2", "3", "8"}) {
    const auto more = run(caption({"--json", "--threads", threads, world().image_a()}));
    CHECK(without_timings(more.out) == without_timings(one.out));
  }
  CHECK(without_timings(run(caption({"--json", "--map", world().image_a()})).out) == without_timings(one.out));
}

TEST_CASE("folders, patterns and stdin") {
  const test::TemporaryFolder folder;
  test::write_image(folder / "2.PPM", 8, 8, 3);
  test::write_image(folder / "1.ppm", 8, 8, 4);
  test::write_image(folder / "[1]*.ppm", 8, 8, 4);
  test::write_text(folder / "notes.txt", "no image");
  const auto names = [&](const std::string& input) {
    const auto result = run(caption({"--json", "--max-new-tokens", "1", input}));
    std::vector<std::string> found;
    for (const std::string& line : test::lines_of(result.out))
      found.push_back(test::parse(line).at("image").get<std::string>());
    CHECK(result.exit_code == (found.empty() ? 1 : 0));
    return found;
  };
  CHECK(names(folder.path()) == std::vector<std::string>{folder / "1.ppm", folder / "2.PPM", folder / "[1]*.ppm"});
  CHECK(names(folder / "?.ppm") == std::vector<std::string>{folder / "1.ppm"});
  CHECK(names(folder / "[1]*.ppm") == std::vector<std::string>{folder / "[1]*.ppm"});  // a file of that name
  CHECK(names(folder / "*.gif").empty());

  const auto piped = run(caption({"--json", "-"}), test::read_text(world().image_a()));
  const auto read = run(caption({"--json", world().image_a()}));
  CHECK(test::parse(piped.out).at("image") == "-");
  CHECK(test::parse(piped.out).at("tokens") == test::parse(read.out).at("tokens"));
  CHECK(run(caption({"-"}), "").exit_code == 1);
}

TEST_CASE("what a folder holds besides images is counted, and --recursive descends") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in/b/c");
  std::filesystem::create_directories(folder / "in/a");
  for (const char* name : {"in/z.jfif", "in/y.JPE", "in/x.dib", "in/b/2.ppm", "in/b/c/3.ppm", "in/a/1.ppm"})
    test::write_image(folder / name, 8, 8, 5);
  for (const char* name : {"in/a.heic", "in/b.HEIC", "in/notes.txt", "in/README", "in/b/d.avif"})
    test::write_text(folder / name, "no image");
  std::filesystem::create_directory_symlink(folder / "in", folder / "in/b/loop");
  const auto names = [&](const test::Result& result) {
    std::string found;
    for (const std::string& line : test::lines_of(result.out))
      found += " " + test::parse(line).at("image").get<std::string>().substr((folder / "in").size());
    return found;
  };
  const auto flat = run(caption({"--json", "--max-new-tokens", "1", folder / "in"}));
  CHECK(flat.exit_code == 0);
  CHECK(names(flat) == " /x.dib /y.JPE /z.jfif");
  CHECK(flat.err.find("sharpeye: left out of folders: 2 .heic, 1 .txt, 1 without extension, 2 folders "
                      "(--recursive looks into them)\n") != std::string::npos);
  const auto deep = run(caption({"--json", "--max-new-tokens", "1", "--recursive", folder / "in"}));
  CHECK(deep.exit_code == 0);
  CHECK(names(deep) == " /x.dib /y.JPE /z.jfif /a/1.ppm /b/2.ppm /b/c/3.ppm");
  CHECK(deep.err.find("left out of folders: 1 .avif, 2 .heic, 1 .txt, 1 without extension, 1 folder\n") !=
        std::string::npos);
  CHECK(run(caption({"--max-new-tokens", "1", world().image_a()})).err.find("left out") == std::string::npos);
}

TEST_CASE("a folder that cannot be listed is named, the others go on") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in/closed");
  test::write_image(folder / "in/1.ppm", 8, 8, 5);
  std::filesystem::permissions(folder / "in/closed", std::filesystem::perms::none);
  if (::access((folder / "in/closed").c_str(), R_OK) == 0) return;  // root may
  const auto result =
      run(caption({"--json", "--max-new-tokens", "1", "--recursive", folder / "in", world().image_a()}));
  std::filesystem::permissions(folder / "in/closed", std::filesystem::perms::owner_all);
  CHECK(result.exit_code == 1);
  CHECK(test::lines_of(result.out).size() == 2);
  CHECK(result.err.find("sharpeye: " + (folder / "in/closed") + ": cannot list: ") != std::string::npos);
}

TEST_CASE("pipes are read as files are") {
  const auto read = run(caption({"--json", world().image_a()}));
  const test::TemporaryFolder folder;
  const std::string fifo = folder / "fifo";
  const auto piped =
      test::run_shell("mkfifo " + test::quoted(fifo) + "; cat " + test::quoted(world().image_a()) + " > " +
                      test::quoted(fifo) + " & " + test::command_line(caption({"--json", fifo})));
  CHECK(piped.exit_code == 0);
  CHECK(test::parse(piped.out).at("tokens") == test::parse(read.out).at("tokens"));
}

TEST_CASE("--json says whether the deadline passed") {
  const auto result = run(caption({"--json", "--deadline-ms", "0", world().image_a()}));
  CHECK(result.exit_code == 0);
  CHECK(test::parse(result.out).at("deadline_passed") == true);
  CHECK(test::parse(result.out).at("rounds") == 0);
}

TEST_CASE("JSON is UTF-8 whatever the file is called") {
  const test::TemporaryFolder folder;
  std::filesystem::copy(world().image_a(), folder / "caf\xff\n\xc3.ppm");
  const auto result = run(caption({"--json", "--max-new-tokens", "2", folder / "caf\xff\n\xc3.ppm"}));
  CHECK(result.exit_code == 0);
  REQUIRE(test::lines_of(result.out).size() == 1);
  CHECK(test::parse(result.out).at("image") == folder / "caf\xEF\xBF\xBD\n\xEF\xBF\xBD.ppm");
  const std::string bytes = test::parse(result.out).at("image_base64").get<std::string>();
  const auto decoded = test::run_shell("echo " + test::quoted(bytes) + " | base64 -d");
  CHECK(decoded.out == folder / "caf\xff\n\xc3.ppm");
  CHECK(test::lines_of(run(caption({"--max-new-tokens", "2", folder / "caf\xff\n\xc3.ppm"})).out).size() == 3);
}

TEST_CASE("glances, rounds and ablations") {
  const auto json = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--json", world().image_a()});
    const auto result = run(caption(options));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return without_timings(result.out);
  };
  const Json two = json({});
  const Json one = json({"--glances", "1"});
  CHECK(one.at("rounds") == 0);
  CHECK(one.at("refined") == one.at("initial"));
  CHECK(one.at("tokens").at("initial") == two.at("tokens").at("initial"));
  CHECK(json({"--glances", "2"}) == two);
  CHECK(json({"--rounds", "1", "--glances", "2"}) == two);
  const Json three = json({"--rounds", "3"});
  CHECK(three.at("rounds") == 3);
  CHECK(three.at("tokens").at("initial") == two.at("tokens").at("initial"));
  CHECK(json({"--ablation", "none"}) == two);
  for (const char* ablation : {"caption-only", "features-only"}) {
    const Json other = json({"--ablation", ablation});
    CHECK(other.at("tokens").at("initial") == two.at("tokens").at("initial"));
    CHECK(other.at("tokens").at("refined") != two.at("tokens").at("refined"));
  }
  const Json single = json({"--ablation", "single-pass"});
  CHECK(single.at("rounds") == 0);
  CHECK(single.at("tokens").at("initial") != two.at("tokens").at("initial"));
  CHECK(json({"--aspect", "crop"}).at("tokens") != two.at("tokens"));
  CHECK(json({"--aspect", "pad"}) == two);

  // A deadline in the past: the first caption comes all the same.
  const auto late = run(caption({"--json", "--deadline-ms", "0", world().image_a()}));
  CHECK(late.exit_code == 0);
  CHECK(test::parse(late.out).at("rounds") == 0);
  CHECK(late.err.find("deadline") != std::string::npos);
}

TEST_CASE("--prompt asks for the initial caption in other words") {
  const auto caption = [](const std::string& prompt) {
    return test::run({"caption", "--model", world().model(), "--prompt", prompt, "--glances", "1", world().image_a()});
  };
  CHECK(caption("<image>Two dogs").exit_code == 0);
  CHECK(caption("<image>Two dogs").out != caption("Once upon a time, <image>").out);
  test::check_refused({"caption", "--model", world().model(), "--prompt", "no place", world().image_a()},
                      "--prompt: expected <image> once, actual never");
}

TEST_CASE("greedy, beams and sampling") {
  const auto ids = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--json", world().image_a()});
    const auto result = run(caption(options));
    CHECK_MESSAGE(result.exit_code == 0, result.err);
    return test::parse(result.out).at("tokens");
  };
  CHECK(ids({"--beams", "1"}) == ids({"--sample", "--top-k", "1", "--seed", "5"}));
  CHECK(ids({"--sample", "--seed", "5"}) == ids({"--sample", "--seed", "5"}));
  CHECK(ids({"--sample", "--seed", "5", "--temperature", "2"}) !=
        ids({"--sample", "--seed", "6", "--temperature", "2"}));
  CHECK(ids({"--sample", "--top-p", "0"}) == ids({"--beams", "1"}));
  CHECK(ids({"--max-new-tokens", "3"}).at("refined").size() <= 3);
  CHECK(ids({"--beams", "64", "--max-new-tokens", "4"}).at("refined").size() <= 4);
  CHECK(ids({"--max-new-tokens", "131072", "--glances", "1"}).at("initial").size() <= 512);
}

TEST_CASE("--stream ends with the text of the plain output") {
  const auto plain = run(caption({"--beams", "1", world().image_a(), world().image_b()}));
  const auto streamed = run(caption({"--beams", "1", "--stream", world().image_a(), world().image_b()}));
  CHECK(streamed.exit_code == 0);
  CHECK(streamed.out == plain.out);
}

TEST_CASE("wrong usage exits with 2") {
  test::check_refused({}, "subcommand");
  test::check_refused({"captoin"}, "unknown command \"captoin\", did you mean \"caption\"?");
  test::check_refused({"foo"}, "unknown command \"foo\"");
  test::check_refused({"caption", "--modle", "x", "a.png"}, "unknown option \"--modle\", did you mean \"--model\"?");
  test::check_refused({"caption", "--threads=0", "--jsno", "a.png"}, "did you mean \"--json\"?");
  test::check_refused({"dump", "--model", world().model(), "a.png", "b.png"}, "dump: unexpected argument \"b.png\"");
  test::check_refused({"--model", "x", "caption"}, "options follow the name of the command");
  test::check_refused(caption({"-n.png"}),
                      "unknown option \"-n.png\"; a file of that name is ./-n.png, or stands after --");
  test::check_refused(caption({"--ablation", "captoin-only", world().image_a()}), "did you mean \"caption-only\"?");
  test::check_refused({"caption"}, "required");
  test::check_refused({"caption", world().image_a()}, "--model is required");
  test::check_refused({"caption", "--model", "/nowhere", world().image_a()}, "/nowhere: expected a model directory");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--glances", "3"}, "--glances"},
      {{"--glances", "2", "--rounds", "2"}, "--rounds"},
      {{"--glances", "1", "--rounds", "1"}, "--rounds"},
      {{"--rounds", "-1"}, "--rounds"},
      {{"--beams", "0"}, "--beams"},
      {{"--beams", "65"}, "--beams"},
      {{"--beams", "99999999999999999999"}, "--beams"},
      {{"--beams", "2x"}, "--beams"},
      {{"--beams", "2", "--sample"}, "num_beams"},
      {{"--threads", "0"}, "--threads"},
      {{"--threads", "257"}, "--threads"},
      {{"--max-new-tokens", "0"}, "--max-new-tokens"},
      {{"--seed", "-1"}, "--seed"},
      {{"--seed", "18446744073709551616"}, "--seed"},
      {{"--temperature", "1"}, "--temperature"},
      {{"--sample", "--temperature", "nan"}, "--temperature"},
      {{"--sample", "--temperature", "0"}, "--temperature"},
      {{"--sample", "--top-p", "1.5"}, "--top-p"},
      {{"--aspect", "stretch"}, "--aspect"},
      {{"--ablation", "all"}, "--ablation"},
      {{"--ablation", "single-pass", "--glances", "2"}, "--ablation"},
      {{"--ablation", "caption-only", "--glances", "1"}, "--ablation"},
      {{"--stream"}, "--stream"},
      {{"--stream", "--json", "--beams", "1"}, "--stream"},
      {{"--min-confidence", "1.5"}, "--min-confidence"},
      {{"--min-confidence", "nan"}, "--min-confidence"},
      {{"--min-confidence", "0.5", "--stream", "--beams", "1"}, "--min-confidence"},
      {{"--max-pixels", "0"}, "--max-pixels"},
      {{"--deadline-ms", "-5"}, "--deadline-ms"},
      {{"--unknown"}, "--unknown"},
  };
  for (const auto& [options, part] : cases) {
    auto arguments = caption(options);
    arguments.push_back(world().image_a());
    const auto result = run(arguments);
    CHECK_MESSAGE(result.exit_code == 2, test::command_line(arguments) << "\n" << result.err);
    CHECK_MESSAGE(result.err.find(part) != std::string::npos, result.err);
    CHECK(result.out.empty());
  }
  CHECK(run({"--help"}).exit_code == 0);
  CHECK(run({"caption", "--help"}).out.find("- for one image from stdin") != std::string::npos);
  CHECK(run({"--version"}).out == SHARPEYE_VERSION_STRING "\n");
}

TEST_CASE("the pixel budget") {
  const auto result = run(caption({"--max-pixels", "1199", world().image_a()}));
  CHECK(result.exit_code == 1);
  CHECK(result.err.find(world().image_a()) != std::string::npos);
  CHECK(run(caption({"--max-pixels", "1200", world().image_a()})).exit_code == 0);
}

TEST_CASE("Ctrl-C ends on a line's end with exit code 130") {
  std::vector<std::string> arguments =
      caption({"--json", "--rounds", "100", "--sample"});  // drawn captions do not come back
  for (int i = 0; i < 400; ++i) arguments.push_back(world().image_a());
  const auto result =
      test::run_shell("timeout --foreground --preserve-status -s INT 2 " + test::command_line(arguments));
  CHECK(result.exit_code == 130);
  CHECK((result.out.empty() || result.out.back() == '\n'));
  CHECK(test::lines_of(result.out).size() < 400);
  for (const std::string& line : test::lines_of(result.out)) CHECK(test::parse(line).at("rounds") == 100);
}

TEST_CASE("a reader that goes away is not an error, a full disk is") {
  std::vector<std::string> arguments = caption({"--json"});
  for (int i = 0; i < 50; ++i) arguments.push_back(world().image_a());
  const test::TemporaryFolder folder;
  const auto result = test::run_shell("(" + test::command_line(arguments) + "; echo $? >" +
                                      test::quoted(folder / "code") + ") | head -n 1");
  CHECK(test::read_text(folder / "code") == "0\n");
  CHECK(test::lines_of(result.out).size() == 1);
  CHECK(test::lines_of(result.err).size() == 1);  // the note on random weights

  const auto full = test::run_shell(test::command_line(caption({world().image_a()})) + " >/dev/full");
  CHECK(full.exit_code == 1);
  CHECK(full.err.find("standard output") != std::string::npos);
}
