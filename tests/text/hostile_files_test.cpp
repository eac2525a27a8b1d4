#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/vocab_json.hpp"
#include "support/paths.hpp"
#include "text/generated_text.hpp"
#include "text/vocab_files.hpp"

using namespace sharpeye;
using namespace std::string_literals;

namespace {

/// The files must be refused with this code and a text that has all these parts.
void refused(const std::string& vocab, const std::string& merges, const std::vector<std::string>& parts,
             ErrorCode code = ErrorCode::kFormat) {
  try {
    const BpeTokenizer tokenizer(vocab, merges);
    FAIL("accepted; expected a complaint about " << parts.front());
  } catch (const Error& error) {
    const std::string text = error.what();
    CAPTURE(text);
    CHECK(error.code() == code);
    for (const std::string& part : parts) CHECK_MESSAGE(text.find(part) != text.npos, "has no " << part);
  }
}

/// A vocab.json of the 256 bytes, the specials, and what `more` adds to the text.
std::string with(const std::string& more) {
  std::string json = test::vocab_json(test::small_vocabulary());
  return json.insert(json.size() - 1, "," + more);
}

const std::string kGood = test::vocab_json(test::small_vocabulary({"ab", "abc"}));

}  // namespace

TEST_CASE("vocab.json must be an object of tokens and ids") {
  for (const char* json : {"", "{", "[]", "3", "null", "\"a\"", "{\"a\":0}x", "\xff", "[{\"a\":0}]"})
    refused(json, "", {"vocab.json"});
  refused("{\"a\":0}\0{"s + "}", "", {"vocab.json", "NUL"});
  refused("{}", "", {"vocab.json", "byte 0"});
  refused("{\"\xff\":0}", "", {"vocab.json"});
  refused(std::string(100000, '['), "", {"vocab.json", "array"});
  refused("{\"a\":" + std::string(100000, '{'), "", {"vocab.json"});
}

TEST_CASE("ids must be 0 to size - 1, each once") {
  for (const char* id : {"-1", "1.0", "1e2", "\"7\"", "null", "true", "[]", "{}", "{\"b\":1}", "261", "4294967556",
                         "18446744073709551615", "18446744073709551616", "9223372036854775808"}) {
    CAPTURE(id);
    refused(with("\"tok\":"s + id), "", {"vocab.json", "\"tok\""});
  }
  refused(with("\"tok\":5"), "", {"vocab.json", "5"});
  refused(with("\"tok\":260,\"tok\":261"), "", {"vocab.json", "\"tok\"", "twice"});
  refused(with("\"tok\":260,\"tok\":260"), "", {"vocab.json", "\"tok\""});
  refused(with("\"tok\":260,\"kot\":262"), "", {"vocab.json", "\"kot\"", "262"});
}

TEST_CASE("tokens must be written in the byte alphabet, and every byte be there") {
  for (const char* token : {"", "a b", "a\\nb", "\u4e00", "\u0144", "\\u00ad", "\U0001F999"}) {
    CAPTURE(token);
    refused(with("\""s + token + "\":260"), "", {"vocab.json", "byte alphabet"});
  }
  std::vector<std::string> tokens = test::small_vocabulary();
  tokens[4 + 0x41] = "other";
  refused(test::vocab_json(tokens), "", {"vocab.json", "byte 65", "\"A\""});
  tokens = test::small_vocabulary();
  tokens[1] = "<PAD>";
  refused(test::vocab_json(tokens), "", {"vocab.json", "<pad>"});
}

TEST_CASE("merges.txt must hold two known tokens a line") {
  CHECK(BpeTokenizer(kGood, "").encode("abc").size() == 4);
  CHECK(BpeTokenizer(kGood, "#version: 0.2\na b\nab c\n").encode("abc").size() == 2);
  CHECK(BpeTokenizer(kGood, "a b\nab c").encode("abc").size() == 2);  // header and last line break are optional
  refused(kGood, "#version: 0.2\nab\n", {"merges.txt:2", "\"ab\""});
  refused(kGood, "a b\n\nab c\n", {"merges.txt:2"});
  refused(kGood, "a b\n#version: 0.2\n", {"merges.txt:2", "#version"});
  for (const char* line :
       {"a b c", "a  b", " a b", "a b ", "a b\r\r", "a\rb", "\r", " ", " b", "a ", "a\tb", "a b\xff"}) {
    CAPTURE(line);
    refused(kGood, "a b\n"s + line + "\n", {"merges.txt:2"});
  }
  refused(kGood, "a b\0\n"s, {"merges.txt:1"});
  refused(kGood, "a b\nab x\n", {"merges.txt:2", "\"abx\""});
  refused(kGood, "#version\na b\nab zz\n", {"merges.txt:3", "\"zz\""});
  refused(kGood, "#version\na b\nab c\na b\n", {"merges.txt:4", "\"a b\"", "line 2"});
  refused(test::vocab_json(test::small_vocabulary({"<s"})), "< s\n<s >\n", {"merges.txt", "\"<s>\""});
}

TEST_CASE("files with CRLF line ends and a byte-order mark are read") {
  const std::string mark = "\xEF\xBB\xBF";
  const auto tokens = [](const std::string& vocab, const std::string& merges) {
    return BpeTokenizer(vocab, merges).encode("abc").size();
  };
  for (const char* merges : {"#version: 0.2\r\na b\r\nab c\r\n", "a b\r\nab c", "a b\r\nab c\r", "a b\nab c\r\n"}) {
    CAPTURE(merges);
    CHECK(tokens(kGood, merges) == 2);
    CHECK(tokens(kGood, mark + merges) == 2);
  }
  const std::string lines = "{\r\n" + kGood.substr(1, kGood.size() - 2) + "\r\n}\r\n";
  CHECK(tokens(lines, "a b\r\nab c\r\n") == 2);
  CHECK(tokens(mark + lines, mark) == 4);
  refused(kGood, mark + "#version: 0.2\r\na b\r\nab x\r\n", {"merges.txt:3", "\"abx\""});
  refused(kGood, mark + mark + "a b\n", {"merges.txt:1"});
  refused(kGood, "a b\n" + mark + "ab c\n", {"merges.txt:2"});
}

TEST_CASE("missing and oversized files are named") {
  const test::TemporaryFolder folder;
  try {
    BpeTokenizer::load(folder.path());
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kFileNotFound);
    CHECK(std::string(error.what()).find("vocab.json") != std::string::npos);
  }
  std::string huge = "{";
  for (std::size_t id = 0; id <= kVocabularyLimit; ++id) huge += "\"\":0,";
  refused(huge, "", {"vocab.json", "2097152"}, ErrorCode::kLimit);
}

TEST_CASE("mutated files are read or refused, never worse") {
  const std::string vocab = read_file(test::fixture("text/tiny/vocab.json"), 1 << 20);
  const std::string merges = read_file(test::fixture("text/tiny/merges.txt"), 1 << 20);
  test::RandomStream random(4);
  int read = 0, refusals = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string files[2] = {vocab, merges};
    std::string& file = files[random.below(2)];
    for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
      const std::size_t at = random.below(file.size());
      switch (random.below(3)) {
        case 0: file[at] = static_cast<char>(random.below(256)); break;
        case 1: file.erase(at, 1 + random.below(8)); break;
        default: file.insert(at, file.substr(random.below(file.size()), random.below(12)));
      }
    }
    try {
      const BpeTokenizer tokenizer(files[0], files[1]);
      const std::string text = "A small yellow bus isn't 12 \u732b.";
      REQUIRE(tokenizer.decode(tokenizer.encode(text, {true, false})) == text);
      ++read;
    } catch (const Error& error) {
      REQUIRE((error.code() == ErrorCode::kFormat || error.code() == ErrorCode::kLimit));
      ++refusals;
    }
  }
  CHECK(read > 0);
  CHECK(refusals > 500);
}
