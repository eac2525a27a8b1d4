#include "run_command.hpp"

using test::run;

namespace {

const std::string kLines =
    "{\"image\": \"a.png\", \"captions\": [\"A small red ring.\", \"a small red square\", \" \"]}\n"
    "{\"image\": \"b.png\", \"captions\": [\"A small blue ring.\", \"a small blue square\"]}\n";

}  // namespace

TEST_CASE("train-tokenizer learns captions and prompts") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "captions.jsonl", kLines);
  const auto made = run({"train-tokenizer", "--data", folder.path(), "--vocab-size", "400", "-o", folder / "a/new",
                         "--text", "USER: look ASSISTANT:"});
  CHECK(made.exit_code == 0);
  CHECK(made.err.find("1 x empty caption (a.png line 1)") != std::string::npos);
  const auto said = test::parse(made.out);
  CHECK(said["captions"] == 4);
  CHECK(said["mean_tokens"] == 4.5);
  CHECK(said["max_tokens"] == 5);
  CHECK(said["vocab_size"] == said["merges"].get<int>() + 260);
  const std::string texts = "\"a\"\n\" a\"\n\" A small red\"\n\"USER: look\"\n";
  const auto tokens = run({"tokenize", "--model", folder / "a/new", "--no-bos"}, texts);
  const auto lines = test::lines_of(tokens.out);
  REQUIRE(lines.size() == 4);
  CHECK(test::parse(lines[0]).size() == 1);
  CHECK(test::parse(lines[1]).size() == 1);
  CHECK(test::parse(lines[2]).size() == 3);
  CHECK(test::parse(lines[3]).size() == 3);
  CHECK(run({"tokenize", "--model", folder / "a/new", "--decode"}, tokens.out).out == texts);

  // The same again, from two files; into a model that init takes.
  const std::string vocab = test::read_text(folder / "a/new/vocab.json");
  test::check_refused({"train-tokenizer", "--data", folder.path(), "--vocab-size", "400", "-o", folder / "a/new"},
                      "--force");
  CHECK(test::read_text(folder / "a/new/vocab.json") == vocab);
  const auto twice = run({"train-tokenizer", "--data", folder / "captions.jsonl", folder.path(), "--vocab-size", "264",
                          "--min-count", "8", "--force", "-o", folder / "a/new"});
  CHECK(test::parse(twice.out)["captions"] == 8);
  CHECK(test::parse(twice.out)["vocab_size"] == 264);
  CHECK(run({"init", "--preset", "tiny", "--tokenizer", folder / "a/new", "-o", folder / "model"}).exit_code == 0);
}

TEST_CASE("wrong usage of train-tokenizer exits with 2") {
  const test::TemporaryFolder folder;
  const std::string out = folder / "out";
  test::write_text(folder / "captions.jsonl", kLines);
  test::check_refused({"train-tokenizer"}, "is required");
  test::check_refused({"train-tokenizer", "--data", "/nowhere", "--vocab-size", "300", "-o", out}, "/nowhere");
  test::check_refused({"train-tokenizer", "--data", folder.path(), "--vocab-size", "259", "-o", out}, "--vocab-size");
  test::check_refused(
      {"train-tokenizer", "--data", folder.path(), "--vocab-size", "300", "-o", out, "--min-count", "0"},
      "--min-count");
  test::write_text(folder / "captions.jsonl", "");
  test::check_refused({"train-tokenizer", "--data", folder.path(), "--vocab-size", "300", "-o", out}, "actual none");
  CHECK_FALSE(std::filesystem::exists(out));
}
