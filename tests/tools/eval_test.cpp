#include "run_command.hpp"

using test::check_refused;
using test::run;
using test::TemporaryFolder;
using test::write_text;

namespace {

// Two images whose ids are numbers, one whose id is text.
constexpr const char* kReferences = R"({
  "images": [{"id": 1, "file_name": "val/a.jpg"}, {"id": 2, "file_name": "val/b.jpg"}, {"id": "x", "file_name": "c.jpg"}],
  "annotations": [
    {"id": 1, "image_id": 1, "caption": "A man riding a wave on top of a surfboard."},
    {"id": 2, "image_id": 2, "caption": "Two dogs play."},
    {"id": 3, "image_id": 1, "caption": "a surfer rides a big wave"},
    {"id": 4, "image_id": "x", "caption": "It's a red bus"}]})";

constexpr const char* kResults = R"([
  {"image_id": 2, "caption": "two dogs playing in the grass"},
  {"image_id": 1, "caption": "a man riding a wave"},
  {"image_id": "x", "caption": "a red bus"}])";

struct Files {
  Files() {
    write_text(references(), kReferences);
    write_text(predictions(), kResults);
  }
  std::string references() const { return folder / "references.json"; }
  std::string predictions() const { return folder / "predictions"; }
  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"eval", "--references", references(), "--predictions", predictions()});
    return more;
  }
  sharpeye::Json scores(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = command(more);
    arguments.insert(arguments.end(), {"--json", "-"});
    const auto result = run(arguments);
    REQUIRE_MESSAGE(result.exit_code == 0, result.err);
    return test::parse(result.out);
  }
  // What the command says about these predictions, or references.
  void check_predictions(const std::string& text, const std::string& part) const {
    write_text(predictions(), text);
    check_refused(command(), part);
  }
  void check_references(const std::string& text, const std::string& part) const {
    write_text(references(), text);
    check_refused(command(), part);
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("eval prints coco-caption's numbers") {
  const Files files;
  const auto result = run(files.command());
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  // pycocoevalcap 1.2 of the same captions: its CIDEr is our CIDEr-D.
  const auto lines = test::lines_of(result.out);
  REQUIRE(lines.size() == 10);
  CHECK(lines[0] == "3 images");
  CHECK(lines[3] == "BLEU-1     0.7143   71.43");
  const auto json = files.scores();
  CHECK(json["images"] == 3);
  CHECK(json["missing"] == 0);
  CHECK(json["scores"].size() == 7);
  CHECK(json["per_image"].size() == 3);
  CHECK(json["per_image"][0]["image_id"] == 1);  // in the order of the references
  CHECK(json["per_image"][2]["image_id"] == "x");
}

TEST_CASE("eval says why CIDEr of one image is 0") {
  const Files files;
  write_text(files.predictions(), R"([{"image_id": 1, "caption": "a man riding a wave"}])");
  const std::string note = "CIDEr and CIDEr-D of one image are 0 by their formula";
  CHECK(run(files.command({"--allow-missing"})).out.find(note) != std::string::npos);
  CHECK(run(files.command({"--allow-missing", "--metrics", "bleu"})).out.find(note) == std::string::npos);
  CHECK(run({"eval", "--help"}).out.find("one image") != std::string::npos);
}

TEST_CASE("eval writes a file and chooses metrics") {
  const Files files;
  const std::string file = files.folder / "scores.json";
  const auto result = run(files.command({"--json", file, "--metrics", "rouge_l,cider_d"}));
  CHECK(result.exit_code == 0);
  CHECK(test::lines_of(result.out).size() == 5);
  const auto json = test::parse(test::read_text(file));
  CHECK(json["scores"].size() == 2);
  CHECK(json["scores"] == files.scores({"--metrics", "cider_d,rouge_l"})["scores"]);
  CHECK(json["scores"]["cider_d"] == files.scores()["scores"]["cider_d"]);
}

TEST_CASE("scores go to pipes and to /dev/stdout, which stay what they are") {
  const Files files;
  const std::string pipe = files.folder / "pipe", log = files.folder / "log";
  const auto piped =
      test::run_shell("mkfifo " + test::quoted(pipe) + " && (" + test::command_line(files.command({"--json", pipe})) +
                      " >/dev/null & cat " + test::quoted(pipe) + ")");
  CHECK(test::parse(piped.out)["images"] == 3);
  CHECK(std::filesystem::is_fifo(pipe));
  const auto logged = test::run_shell("(echo before; " + test::command_line(files.command({"--json", "/dev/stdout"})) +
                                      "; echo after) >" + test::quoted(log));
  CHECK(logged.exit_code == 0);
  const std::string text = test::read_text(log);
  CHECK(text.substr(0, 7) == "before\n");
  CHECK(text.substr(text.size() - 6) == "after\n");
  CHECK(text.find("\"scores\"") != std::string::npos);
  const auto full = run(files.command({"--json", "/dev/full"}));
  CHECK(full.exit_code != 0);
  CHECK(full.err.find("/dev/full: cannot write: No space left on device") != std::string::npos);
}

TEST_CASE("lines of JSON, by name or id, also of sharpeye caption") {
  const Files files;
  const auto expected = files.scores()["scores"];
  write_text(files.predictions(),
             "{\"image_id\": 1, \"caption\": \"a man riding a wave\"}\r\n\n"
             "{\"image\": \"val/b.jpg\", \"caption\": \"two dogs playing in the grass\"}\n"
             "{\"image\": \"/elsewhere/c.jpg\", \"caption\": \"a red bus\"}");
  CHECK(files.scores()["scores"] == expected);
  write_text(files.predictions(),
             "{\"image\": \"a.jpg\", \"initial\": \"no\", \"refined\": \"a man riding a wave\", \"rounds\": 1}\n"
             "{\"image\": \"b.jpg\", \"initial\": \"Two dogs play\", \"refined\": \"two dogs playing in the grass\"}\n"
             "{\"image\": \"c.jpg\", \"initial\": \"\", \"refined\": \"a red bus\"}\n");
  CHECK(files.scores()["scores"] == expected);
  CHECK(files.scores({"--field", "refined"})["scores"] == expected);
  const auto initial = files.scores({"--field", "initial"});
  CHECK(initial["field"] == "initial");
  CHECK(initial["per_image"][1]["rouge_l"] == 1.0);
  CHECK(initial["per_image"][2]["rouge_l"] == 0.0);
}

TEST_CASE("only the first sentences of a prediction") {
  const Files files;
  const auto expected = files.scores()["scores"];
  write_text(files.predictions(), R"([
    {"image_id": 2, "caption": "two dogs playing. in the grass. There is more. And more"},
    {"image_id": 1, "caption": "a man riding a wave"}, {"image_id": "x", "caption": "a red. bus."}])");
  CHECK(files.scores({"--first-sentences", "2"})["scores"] == expected);
  CHECK(files.scores()["scores"] != expected);
  CHECK(files.scores({"--first-sentences", "1"})["scores"] != expected);
}

TEST_CASE("images without prediction are left out only on request") {
  const Files files;
  write_text(files.predictions(), R"([{"image_id": 1, "caption": "a"}, {"image_id": "x", "caption": "bus"}])");
  check_refused(files.command(), "expected a prediction for each of 3 images of " + files.references() +
                                     ", actual none for 1, the first is image 2");
  const auto json = files.scores({"--allow-missing"});
  CHECK(json["images"] == 2);
  CHECK(json["missing"] == 1);
  CHECK(run(files.command({"--allow-missing"})).out.find("2 images, 1 without prediction left out") == 0);
}

TEST_CASE("references without \"images\" are read by id") {
  const Files files;
  write_text(files.references(), R"({"annotations": [{"image_id": 1, "caption": "a b"}, {"image_id": 1, "caption": "c"},
                                                     {"image_id": 2, "caption": "d"}]})");
  write_text(files.predictions(), R"([{"image_id": 1, "caption": "a b"}, {"image_id": 2, "caption": "d"}])");
  CHECK(files.scores()["images"] == 2);
}

TEST_CASE("a bad prediction is named by file, line and key") {
  const Files files;
  const std::string file = files.predictions();
  files.check_predictions("{\"image_id\": 1, \"caption\": \"a\"}\n{\"image_id\": 2, \"caption\": 7}\n",
                          file + ": line 2: caption: expected text, actual 7");
  files.check_predictions("{\"image_id\": 1, \"caption\": \"a\"}\nnot json\n", file + ": line 2: expected JSON");
  files.check_predictions(
      "[{\"image_id\": 1, \"caption\": \"a\"}, {\"image_id\": 1, \"caption\": \"b\"}]",
      file + ": [1]: image_id: expected one prediction for each image, actual a second one for image 1");
  files.check_predictions("[{\"image_id\": 9, \"caption\": \"a\"}]", ": [0]: image_id: expected an image of ");
  files.check_predictions("[{\"image_id\": 1.5, \"caption\": \"a\"}]", "image_id: expected integer");
  files.check_predictions("[{\"image_id\": 1}]", ": [0]: refined: expected text, actual nothing");
  files.check_predictions("[{\"caption\": \"a\"}]", ": [0]: image: expected text, actual nothing");
  files.check_predictions("{\"image\": \"z.jpg\", \"caption\": \"a\"}", "line 1: image: expected a file_name of ");
  files.check_predictions("[7]", ": [0]: expected a JSON object, actual number");
  files.check_predictions("", "expected a prediction for each of 3 images");
  files.check_predictions("\xFF\n", ": line 1: expected JSON");
}

TEST_CASE("bad references are named") {
  const Files files;
  const std::string file = files.references();
  files.check_references("[]", file + ": expected a JSON object, actual array");
  files.check_references("{}", file + ": annotations: expected a list, actual nothing");
  files.check_references(R"({"images": 1, "annotations": []})", file + ": images: expected a list, actual number");
  files.check_references(R"({"images": [{"id": 1}, {"id": 1}], "annotations": []})",
                         file + ": images[1]: id: expected each image once, actual 1 twice");
  files.check_references(R"({"images": [{"id": 1}], "annotations": [{"image_id": 2, "caption": "a"}]})",
                         file + ": annotations[0]: image_id: expected an image of ");
  files.check_references(R"({"images": [{"id": 1}], "annotations": [{"image_id": 1}]})",
                         file + ": annotations[0]: caption: expected text, actual nothing");
  files.check_references(R"({"images": [{"id": 1}, {"id": 2}, {"id": "x"}], "annotations": []})",
                         "image 1: expected at least one reference, actual none");
  files.check_references(R"({"images": [{"id": 1, "file_name": "a/n.jpg"}, {"id": 2, "file_name": "b/n.jpg"}],
                             "annotations": []})",
                         "expected an image of ");
  write_text(files.predictions(), "{\"image\": \"n.jpg\", \"caption\": \"a\"}");
  check_refused(files.command(), "expected the name of one image of ");
}

TEST_CASE("wrong usage of eval exits with 2") {
  const Files files;
  check_refused({"eval", "--references", files.references()}, "--predictions is required");
  check_refused(files.command({"--metrics", "meteor"}), "meteor");
  check_refused(files.command({"--field", "best"}), "best");
  check_refused(files.command({"--first-sentences", "0"}), "--first-sentences");
  check_refused({"eval", "--references", "/nowhere", "--predictions", files.predictions()}, "/nowhere: cannot open");
  check_refused(files.command({"--json", "/nowhere/scores.json"}), "/nowhere/scores.json: cannot write");
}

TEST_CASE("eval reads stdin, and what caption --json writes into a pipe") {
  const Files files;
  const auto expected = files.scores();
  const std::vector<std::string> front{"eval", "--json", "-", "--references"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), front.begin(), front.end());
    return more;
  };
  const auto results = run(with({files.references(), "--predictions", "-"}), kResults);
  CHECK(results.exit_code == 0);
  CHECK(test::parse(results.out)["scores"] == expected["scores"]);
  const auto references = run(with({"-", "--predictions", files.predictions()}), kReferences);
  CHECK(test::parse(references.out)["scores"] == expected["scores"]);
  check_refused(with({"-", "--predictions", "-"}), "--predictions: expected another file than --references");
  const auto bad = run(with({files.references(), "--predictions", "-"}), "[7]");
  CHECK(bad.err == "sharpeye: -: [0]: expected a JSON object, actual number\n");

  write_text(files.references(), R"({"images": [{"id": 1, "file_name": "a.ppm"}, {"id": 2, "file_name": "b.ppm"}],
    "annotations": [{"image_id": 1, "caption": "a"}, {"image_id": 2, "caption": "b"}]})");
  const auto piped =
      test::run_shell(test::command_line({"caption", "--json", "--max-new-tokens", "3", "--model",
                                          test::world().model(), test::world().image_a(), test::world().image_b()}) +
                      " | " + test::command_line(with({files.references(), "--predictions", "-"})));
  CHECK(piped.exit_code == 0);
  CHECK(test::parse(piped.out)["images"] == 2);
}

TEST_CASE("whole numbers that are written with a fraction are ids") {
  const Files files;
  const auto expected = files.scores()["scores"];
  write_text(files.predictions(), R"([{"image_id": 2.0, "caption": "two dogs playing in the grass"},
    {"image_id": 1e0, "caption": "a man riding a wave"}, {"image_id": "x", "caption": "a red bus"}])");
  CHECK(files.scores()["scores"] == expected);
  files.check_predictions(R"([{"image_id": 1.5, "caption": "a"}])",
                          "[0]: image_id: expected integer or text, actual 1.5");
  write_text(files.references(),
             R"({"annotations": [{"image_id": 1.0, "caption": "a b"}, {"image_id": 1, "caption": "c"}]})");
  write_text(files.predictions(), R"([{"image_id": 1, "caption": "a b"}])");
  CHECK(files.scores()["images"] == 1);
}
