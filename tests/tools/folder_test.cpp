// Many images into one file: caption --out, its parts and merge. (What kill -9 does is kill_resume.sh.)

#include <filesystem>

#include "run_command.hpp"

using sharpeye::Json;
using test::run;
using test::world;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> caption(std::vector<std::string> arguments) {
  const std::vector<std::string> front{"caption", "--model", world().model(), "--max-new-tokens", "3"};
  arguments.insert(arguments.begin(), front.begin(), front.end());
  return arguments;
}

/// A folder "in" of seven images in three folders, one of them broken, one with a name that is no UTF-8.
class Corpus {
 public:
  Corpus() {
    fs::create_directories(folder_ / "in/a/b");
    unsigned seed = 1;
    for (const char* name : {"/1.ppm", "/2.ppm", "/a/3.ppm", "/a/b/4.ppm", "/a/b/caf\xe9\n.ppm", "/a/b/6,\"7.ppm"})
      test::write_image(images() + name, 9, 8, ++seed);
    test::write_text(images() + "/a/5.png", "no image");
  }
  std::string images() const { return folder_ / "in"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  /// The file of one undisturbed run.
  std::string whole() const {
    const auto result = run(caption({"--recursive", images(), "--out", folder_ / "whole.jsonl"}));
    CHECK(result.exit_code == 1);  // one is broken
    CHECK(result.out.empty());
    return test::read_text(folder_ / "whole.jsonl");
  }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("--out has a line for each image, failures too, and none of it differs from run to run") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  const auto lines = test::lines_of(whole);
  REQUIRE(lines.size() == 7);
  const auto printed = test::lines_of(run(caption({"--json", "--recursive", corpus.images()})).out);
  std::size_t good = 0;
  for (const std::string& line : lines) {
    const Json json = test::parse(line);
    if (json.contains("error")) {
      CHECK(json.at("image") == corpus.images() + "/a/5.png");
      CHECK(json.at("error").get<std::string>().find("a/5.png: expected a JPEG") != std::string::npos);
      continue;
    }
    Json expected = test::parse(printed.at(good++));
    expected.erase("timings_ms");
    CHECK(json == expected);
  }
  CHECK(good == 6);
  for (const char* parallel : {"2", "3"}) {
    run(caption({"--recursive", corpus.images(), "--parallel", parallel, "--out", corpus / "again.jsonl"}));
    CHECK(test::read_text(corpus / "again.jsonl") == whole);
  }
  // A run that is through does nothing more, and says which failed.
  const auto again = run(caption({"--recursive", corpus.images(), "--out", corpus / "whole.jsonl"}));
  CHECK(again.exit_code == 1);
  CHECK(again.err.find("7 of 7 images are done") != std::string::npos);
  CHECK(again.err.find("1 images have an error") != std::string::npos);
  CHECK(again.err.find('\r') == std::string::npos);  // no progress in a pipe
  CHECK(test::read_text(corpus / "whole.jsonl") == whole);
}

TEST_CASE("a run goes on from every byte at which another one ended") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 23) {
    CAPTURE(size);
    test::write_text(corpus / "part.jsonl", whole.substr(0, size));
    const auto result = run(caption({"--recursive", corpus.images(), "--out", corpus / "part.jsonl"}));
    CHECK(result.exit_code == 1);
    CHECK(test::read_text(corpus / "part.jsonl") == whole);
    const bool is_torn = size > 0 && whole[size - 1] != '\n';
    CHECK((result.err.find("cut off a torn last line") != std::string::npos) == is_torn);
  }
  // New images come behind the others; lines of images that have gone stay.
  test::write_image(corpus.images() + "/0.ppm", 9, 8, 99);
  fs::remove(corpus.images() + "/1.ppm");
  const auto grown = run(caption({"--recursive", corpus.images(), "--out", corpus / "whole.jsonl"}));
  const std::string text = test::read_text(corpus / "whole.jsonl");
  CHECK(text.substr(0, whole.size()) == whole);
  CHECK(test::parse(text.substr(whole.size())).at("image") == corpus.images() + "/0.ppm");
  CHECK(grown.err.find("1 lines are of images that are not among these") != std::string::npos);
}

TEST_CASE("what is no file of such lines, or one of another model, is left as it is") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  const auto refused = [&](const std::string& content, std::vector<std::string> options, const std::string& part) {
    test::write_text(corpus / "out", content);
    std::vector<std::string> words{"--recursive", corpus.images(), "--out", corpus / "out"};
    words.insert(words.end(), options.begin(), options.end());
    test::check_refused(caption(words), part);
    CHECK(test::read_text(corpus / "out") == content);
  };
  refused("my diary\n", {}, "out: line 1: expected JSON");
  refused("{\"a\": 1}\n", {}, "out: line 1: expected a line of sharpeye caption");
  refused(whole + "17\n", {}, "out: line 8: expected a line of sharpeye caption");
  refused(whole + whole, {}, "out: line 8: expected each image once");
  refused(whole, {"--rounds", "0"}, "expected a file of the same model and options");
  refused(whole, {"--min-confidence", "1"}, "expected a file of the same model and options");
  test::check_refused(caption({corpus.images(), "--out", corpus.images()}), "cannot write");
  test::check_refused(caption({corpus.images(), "--out", "/nowhere/x"}), "/nowhere/x: cannot write");
  test::check_refused(caption({"-", "--out", corpus / "x"}), "--out: expected image files, actual -");
  test::check_refused(caption({corpus.images(), "--format", "csv"}), "expected --out FILE too");
  test::check_refused(caption({corpus.images(), "--format", "sidecar", "--out", "x"}), "expected no --out");
  for (const char* part : {"0/2", "3/2", "1", "a/b", "1/", "1/2x", "-1/2"})
    test::check_refused(caption({corpus.images(), "--shard", part}), "expected a part such as 1/4");
  const auto full = run(caption({corpus.images(), "--out", "/dev/full"}));
  CHECK(full.exit_code == 2);
  CHECK(full.err.find("regular file") != std::string::npos);
}

TEST_CASE("two processes do not write one file") {
  const Corpus corpus;
  const auto held =
      test::run_shell("touch " + test::quoted(corpus / "out") + "; flock " + test::quoted(corpus / "out") + " " +
                      test::command_line(caption({corpus.images(), "--out", corpus / "out"})));
  CHECK(held.exit_code == 2);
  CHECK(held.err.find("another process is writing it") != std::string::npos);
}

TEST_CASE("parts are put together as one run, and only if nothing is missing") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  for (const int count : {1, 2, 3, 9}) {
    std::vector<std::string> parts;
    for (int i = count; i >= 1; --i) {
      parts.push_back(corpus / sharpeye::concat("part", count, ".", i));
      run(caption({"--recursive", corpus.images(), "--shard", sharpeye::concat(i, "/", count), "--out", parts.back()}));
    }
    std::vector<std::string> words{"merge", "-o", corpus / "merged", "--recursive", "--images", corpus.images()};
    words.push_back("--");
    words.insert(words.end(), parts.begin(), parts.end());
    CHECK(run(words).exit_code == 1);  // one has an error
    CHECK(test::read_text(corpus / "merged") == whole);
  }
  const std::vector<std::string> front{"merge",         "-o", corpus / "none", "--recursive", "--images",
                                       corpus.images(), "--"};
  const auto with = [&](std::vector<std::string> files) {
    files.insert(files.begin(), front.begin(), front.end());
    return files;
  };
  test::check_refused(with({corpus / "part2.1"}),
                      "expected a line for each of 7 images, actual none for 3, the first is");
  test::check_refused(with({corpus / "whole.jsonl", corpus / "part2.1"}), "expected each image once");
  test::write_text(corpus / "torn", whole.substr(0, whole.size() - 9));
  test::check_refused(with({corpus / "torn"}), "the last one is torn");
  test::write_text(corpus / "foreign", "{\"image\": \"x\", \"refined\": \"y\"}\n");
  test::check_refused(with({corpus / "foreign"}), "foreign: line 1: expected one of the images, actual \"x\"");
  test::check_refused(with({corpus / "nothing"}), "nothing: cannot open");
  CHECK(!fs::exists(corpus / "none"));
}

TEST_CASE("CSV, COCO's results and sidecars") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  const auto csv = run(caption({"--recursive", corpus.images(), "--out", corpus / "t.csv", "--format", "csv"}));
  CHECK(csv.exit_code == 1);
  CHECK(test::read_text(corpus / "t.csv.jsonl") == whole);
  const std::string table = test::read_text(corpus / "t.csv");
  CHECK(table.find("image,image_base64,initial,refined,initial_confidence,refined_confidence,rounds,error\n") == 0);
  CHECK(table.find("\"" + corpus.images() + "/a/b/6,\"\"7.ppm\",,") != std::string::npos);

  test::check_refused(caption({"--recursive", corpus.images(), "--out", corpus / "c", "--format", "coco"}),
                      "expected digits at the end of the name");
  CHECK(!fs::exists(corpus / "c.jsonl"));  // before any work
  const auto coco =
      run(caption({corpus.images() + "/1.ppm", corpus.images() + "/a", "--out", corpus / "c", "--format", "coco"}));
  CHECK(coco.exit_code == 1);
  const Json results = test::parse(test::read_text(corpus / "c"));
  REQUIRE(results.size() == 2);
  CHECK(results[0].at("image_id") == 1);
  CHECK(results[1].at("image_id") == 3);
  CHECK(results[0].at("caption") == test::parse(test::lines_of(whole)[0]).at("refined"));
  CHECK(coco.err.find("left out 1 images that failed") != std::string::npos);
  test::write_image(corpus.images() + "/a/b/0001.ppm", 9, 8, 3);
  test::check_refused(caption({corpus.images() + "/1.ppm", corpus.images() + "/a/b/0001.ppm", "--out", corpus / "d",
                               "--format", "coco"}),
                      "expected a number for each image, actual 1 of");
  fs::remove(corpus.images() + "/a/b/0001.ppm");

  test::write_text(corpus.images() + "/2.txt", "my own\n");
  const auto sidecars = run(caption({"--recursive", corpus.images(), "--format", "sidecar"}));
  CHECK(sidecars.exit_code == 1);
  CHECK(sidecars.err.find("1 of 7 images are done") != std::string::npos);
  CHECK(test::read_text(corpus.images() + "/2.txt") == "my own\n");
  CHECK(test::read_text(corpus.images() + "/1.txt") ==
        test::parse(test::lines_of(whole)[0]).at("refined").get<std::string>() + "\n");
  CHECK(fs::exists(corpus.images() + "/a/b/caf\xe9\n.txt"));
  CHECK(!fs::exists(corpus.images() + "/a/5.txt"));
  test::write_image(corpus.images() + "/1.pnm", 9, 8, 3);
  test::check_refused(caption({corpus.images(), "--format", "sidecar"}), "actual several images for");
}

TEST_CASE("images are named in a list, too") {
  const Corpus corpus;
  const std::string whole = corpus.whole();
  const std::string find = "find " + test::quoted(corpus.images()) + " -type f -print0 | sort -zR | ";
  const auto listed =
      test::run_shell(find + test::command_line(caption({"--list", "-", "--null", "--out", corpus / "listed"})));
  CHECK(listed.exit_code == 1);
  const auto merged =
      run({"merge", "-o", corpus / "merged", "--recursive", "--images", corpus.images(), "--", corpus / "listed"});
  CHECK(test::read_text(corpus / "merged") == whole);
  test::write_text(corpus / "list", world().image_a() + "\n\n" + world().image_b());
  CHECK(test::lines_of(run(caption({"--json", "--list", corpus / "list"})).out).size() == 2);
  test::check_refused(caption({"--null", world().image_a()}), "--list");
  test::check_refused(caption({"--list", "/nowhere"}), "/nowhere");
}

TEST_CASE("Ctrl-C finishes the current image, and the same command goes on") {
  const Corpus corpus;
  std::vector<std::string> words{"caption", "--model", world().model(), "--rounds", "20", "--parallel", "2", "--out"};
  const auto with = [&](const std::string& out, int count) {
    std::vector<std::string> all = words;
    all.push_back(out);
    for (int i = 0; i < count; ++i) {
      const std::string name = corpus.images() + "/more" + std::to_string(i) + ".ppm";
      if (!fs::exists(name)) test::write_image(name, 9, 8, static_cast<unsigned>(i));
      all.push_back(name);
    }
    return all;
  };
  const auto arguments = with(corpus / "out", 60);
  // (Without --foreground timeout sends a second signal, which ends the command at once, to the whole process group.)
  const auto stopped =
      test::run_shell("timeout --foreground --preserve-status -s INT 0.7 " + test::command_line(arguments));
  if (stopped.exit_code != 130) return;  // a fast machine
  const std::string begun = fs::exists(corpus / "out") ? test::read_text(corpus / "out") : "";
  if (begun.empty()) return;  // a slow machine: stopped before the first image
  CHECK(begun.back() == '\n');
  CHECK(run(with(corpus / "whole", 60)).exit_code == 0);
  const std::string whole = test::read_text(corpus / "whole");
  if (begun == whole) return;  // stopped when all was done
  CHECK(stopped.err.find("the same command goes on") != std::string::npos);
  CHECK(run(arguments).exit_code == 0);
  CHECK(test::read_text(corpus / "out") == whole);
}
