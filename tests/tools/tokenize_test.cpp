#include "run_command.hpp"

using test::run;
using test::world;

TEST_CASE("tokenize and back") {
  const std::string texts = "\"a cat\"\n\"\"\n\"caf\xC3\xA9 \\ud83d\\ude00\\n\\u0000\"\n";
  const auto encoded = run({"tokenize", "--model", world().model()}, texts);
  CHECK(encoded.exit_code == 0);
  const auto lines = test::lines_of(encoded.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "[2,101,36,103,101,120]");  // BOS, then the bytes + 4
  CHECK(lines[1] == "[2]");
  const auto decoded = run({"tokenize", "--model", world().model(), "--decode"}, encoded.out);
  CHECK(decoded.exit_code == 0);
  const auto given = test::lines_of(texts), returned = test::lines_of(decoded.out);
  REQUIRE(returned.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(test::parse(returned[i]) == test::parse(given[i]));
  CHECK(run({"tokenize", "--model", world().model(), "--no-bos"}, "\"a\"").out == "[101]\n");
  CHECK(run({"tokenize", "--model", world().model()}, "").out.empty());
}

TEST_CASE("ids as Hugging Face's") {
  const std::string folder = test::fixture("text/tiny");
  const auto result = run({"tokenize", "--model", folder, "--no-bos"}, "\"the\"\n");
  CHECK(result.exit_code == 0);
  const auto back = run({"tokenize", "--model", folder, "--decode"}, result.out);
  CHECK(back.out == "\"the\"\n");
}

TEST_CASE("a malformed line is named by its number, the others go on") {
  const auto encoded =
      run({"tokenize", "--model", world().model()}, "\"a\"\nnot json\n[1]\n\n\"\\ud800\"\n\"\xff\"\n\"b\"");
  CHECK(encoded.exit_code == 1);
  CHECK(encoded.out == "[2,101]\n[2,102]\n");
  for (const char* line : {"line 2:", "line 3:", "line 4:", "line 5:", "line 6:"}) {
    CHECK_MESSAGE(encoded.err.find(line) != std::string::npos, encoded.err);
  }
  const auto decoded = run({"tokenize", "--model", world().model(), "--decode"},
                           "[101]\n[260]\n[-1]\n[1.5]\n[18446744073709551615]\n\"a\"\n[[1]]\n{}\n[]\n[102]\n");
  CHECK(decoded.exit_code == 1);
  CHECK(decoded.out == "\"a\"\n\"\"\n\"b\"\n");
  for (const char* line : {"line 2:", "line 3:", "line 4:", "line 5:", "line 6:", "line 7:", "line 8:"}) {
    CHECK_MESSAGE(decoded.err.find(line) != std::string::npos, decoded.err);
  }
}

TEST_CASE("wrong usage of tokenize exits with 2") {
  test::check_refused({"tokenize"}, "--model is required");
  test::check_refused({"tokenize", "--model", "/nowhere"}, "/nowhere: expected a tokenizer: tokenizer.json");
  test::check_refused({"tokenize", "--model", world().model(), "--decode", "--no-bos"}, "--no-bos");
}
