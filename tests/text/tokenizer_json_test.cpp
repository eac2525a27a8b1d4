#include "sharpeye/text/tokenizer_json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/json_tokenizer.hpp"
#include "sharpeye/text/vocab_json.hpp"
#include "text/generated_text.hpp"

using namespace sharpeye;
using namespace std::string_literals;

namespace {

const char* const kGood = R"({"version":"1.0","truncation":null,"padding":null,
"added_tokens":[{"id":3,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]},
"pre_tokenizer":null,
"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[3],"tokens":["<s>"]}}},
"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
"model":{"type":"BPE","dropout":null,"unk_token":"<unk>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":true,"ignore_merges":false,
"vocab":{"<unk>":0,"a":1,"_":2,"b":4,"ab":5,"_ab":7},"merges":["a b",["_","ab"]]}})";

/// kGood with `from` replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
  std::string json = kGood;
  const std::size_t at = json.find(from);
  REQUIRE(at != json.npos);
  return json.replace(at, from.size(), to);
}

/// The file must be refused with this code and a text that has all these parts.
void refused(const std::string& json, ErrorCode code, const std::vector<std::string>& parts,
             const JsonTokenizer::Config& config = {}) {
  try {
    const JsonTokenizer tokenizer(json, config);
    FAIL("accepted; expected a complaint about " << parts.front());
  } catch (const Error& error) {
    const std::string text = error.what();
    CAPTURE(text);
    CHECK(error.code() == code);
    CHECK(text.find("tokenizer.json") == 0);
    for (const std::string& part : parts) CHECK_MESSAGE(text.find(part) != text.npos, "has no " << part);
  }
}

}  // namespace

TEST_CASE("a small file is read") {
  const JsonTokenizer tokenizer(kGood);
  using Ids = std::vector<std::int32_t>;
  CHECK(tokenizer.vocab_size() == 8);
  CHECK(tokenizer.encode("ab abx") == Ids{3, 7, 7, 0});
  CHECK(tokenizer.decode({3, 7, 6, 7, 4}) == "ab abb");  // there is no token 6
  CHECK(tokenizer.decode({3, 7, 7}, false) == "<s> ab ab");
  CHECK(JsonTokenizer("\xEF\xBB\xBF"s + kGood).encode("ab") == Ids{3, 7});
  JsonTokenizer::Config config;
  config.add_bos_token = false;
  config.eos_token = "<s>";
  CHECK(JsonTokenizer(kGood, config).encode("ab") == Ids{7});
  CHECK(JsonTokenizer(kGood, config).eos_id() == 3);
}

TEST_CASE("what is not known is refused by name") {
  const auto unsupported = ErrorCode::kUnsupported;
  refused(changed(R"({"type":"Prepend","prepend":"_"})", R"({"type":"Nmt"})"), unsupported,
          {"normalizer: normalizers[0]", "type", "\"Nmt\"", "BertNormalizer"});
  refused(changed(R"("pattern":{"String":" "},"content":"_")", R"("pattern":{"Regex":"\\s+"},"content":"_")"),
          unsupported, {"normalizers[1]", "pattern", "\\s+"});
  refused(changed(R"("pre_tokenizer":null)", R"("pre_tokenizer":{"type":"UnicodeScripts"})"), unsupported,
          {"pre_tokenizer", "UnicodeScripts", "ByteLevel"});
  refused(changed(R"("pre_tokenizer":null)",
                  R"("pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\d"},"behavior":"Isolated","invert":false})"),
          unsupported, {"pre_tokenizer", "pattern", "\\d", "Qwen2"});
  refused(changed(R"("type":"TemplateProcessing")", R"("type":"Other")"), unsupported, {"post_processor", "Other"});
  refused(changed(R"({"Sequence":{"id":"A","type_id":0}})", R"({"SpecialToken":{"id":"<s>","type_id":0}})"),
          unsupported, {"post_processor", "single[1]", "<s>"});
  refused(changed(R"({"type":"Fuse"})", R"({"type":"CTC"})"), unsupported, {"decoder", "decoders[2]", "CTC"});
  refused(changed(R"({"type":"Fuse"},)", ""), unsupported, {"decoders[2]", "Strip", "order"});
  refused(changed(R"("type":"BPE")", R"("type":"Unigram")"), unsupported, {"model", "Unigram", "BPE, WordPiece"});
  refused(changed(R"("end_of_word_suffix":null)", R"("end_of_word_suffix":"</w>")"), unsupported,
          {"model.end_of_word_suffix", "</w>"});
  refused(changed(R"("dropout":null)", R"("dropout":0.1)"), unsupported, {"model.dropout"});
  refused(changed(R"("fuse_unk":true)", R"("fuse_unc":true)"), ErrorCode::kConfig, {"model.fuse_unc", "fuse_unk"});
  refused(changed(R"("version":"1.0")", R"("vision":"1.0")"), ErrorCode::kConfig, {"vision", "version"});
  refused(changed(R"("special":true)", R"("special":true,"rank":1)"), ErrorCode::kConfig, {"added_tokens[0]", "rank"});
}

TEST_CASE("vocab, merges and added tokens must fit together") {
  const auto format = ErrorCode::kFormat;
  refused(changed(R"("b":4)", R"("b":1)"), format, {"model.vocab", "\"b\"", "1", "\"a\""});
  refused(changed(R"("b":4)", R"("a":4)"), format, {"model.vocab", "\"a\"", "twice"});
  for (const char* id : {"-1", "1.5", "null", "\"1\"", "[]", "{}", "true", "2097152", "18446744073709551616"}) {
    CAPTURE(id);
    refused(changed("\"b\":4", "\"b\":"s + id), format, {"model.vocab", "\"b\""});
  }
  refused(changed("\"a b\"", "\"a x\""), format, {"model.merges[0]", "\"x\""});
  refused(changed("\"a b\"", "\"b a\""), format, {"model.merges[0]", "\"ba\""});
  refused(changed("\"a b\"", "\"a b\",\"a b\""), format, {"model.merges[1]", "already number 0"});
  for (const char* merge : {"\"ab\"", "\"a b c\"", "[\"a\"]", "[\"a\",\"b\",\"c\"]", "[]", "3", "null", "{}", "[[]]"}) {
    CAPTURE(merge);
    refused(changed("\"a b\"", merge), format, {"model.merges[0]", "two tokens"});
  }
  refused(changed("\"id\":3", "\"id\":4"), format, {"added_tokens", "\"<s>\"", "\"b\""});
  refused(changed("\"content\":\"<s>\"", "\"content\":\"a\""), format, {"added_tokens", "\"a\"", "id 1"});
  refused(changed("\"content\":\"<s>\"", "\"content\":\"\""), ErrorCode::kConfig, {"added_tokens[0]", "content"});
  refused(changed("\"id\":3", "\"id\":-3"), ErrorCode::kConfig, {"added_tokens[0]", "id", "-3"});
  refused(changed("\"unk_token\":\"<unk>\"", "\"unk_token\":\"?\""), format, {"unk_token", "\"?\""});
  refused(changed("\"ids\":[3]", "\"ids\":[6]"), ErrorCode::kConfig, {"post_processor", "6"});
  refused(changed("\"ids\":[3]", "\"ids\":[3,1]"), ErrorCode::kConfig, {"post_processor", "ids"});
  JsonTokenizer::Config config;
  config.eos_token = "</s>";
  refused(kGood, ErrorCode::kConfig, {"eos_token", "\"</s>\""}, config);
}

TEST_CASE("texts that are no tokenizer.json are refused") {
  for (const char* json : {"", "{", "\xff", "{}x"}) refused(json, ErrorCode::kFormat, {"JSON"});
  for (const char* json : {"[]", "3", "null", "\"a\"", "{}", "{\"model\":3}", "{\"model\":null}"})
    refused(json, ErrorCode::kConfig, {"expected"});
  refused(R"({"model":{"vocab":{"a":1}}})", ErrorCode::kUnsupported, {"model.type"});
  refused(R"({"model":{"type":"BPE","vocab":{"a":1}}})", ErrorCode::kConfig, {"model.merges"});
  refused(R"({"model":{"type":"BPE","vocab":{},"merges":[]}})", ErrorCode::kConfig, {"model.vocab"});
  refused(R"({"model":1,"model":2})", ErrorCode::kFormat, {"\"model\"", "twice"});
  refused(std::string(100000, '['), ErrorCode::kLimit, {"levels"});
  std::string nested = "null";
  for (int depth = 0; depth < 20; ++depth) nested = R"({"type":"Sequence","normalizers":[)" + nested + "]}";
  refused(changed(R"("pre_tokenizer":null)", "\"padding2\":" + nested), ErrorCode::kConfig, {"padding2"});
  const std::string json = kGood;
  const std::size_t at = json.find("\"normalizer\"");
  std::string deep = json;
  deep.replace(at, 13, "\"normalizer\":" + nested + ",\"version\":");
  refused(deep, ErrorCode::kFormat, {"twice"});
  std::string many = "[";
  for (int count = 0; count < (1 << 20) + 1; ++count) many += "0,";
  refused(many, ErrorCode::kLimit, {"1048576"});
  std::string huge = R"({"model":{"type":"BPE","vocab":{)";
  for (std::size_t id = 0; id <= kVocabularyLimit; ++id) huge += "\"\":0,";
  refused(huge, ErrorCode::kLimit, {"model.vocab", "2097152"});
  for (std::size_t size = 0; size < json.size(); size += 7) {
    refused(json.substr(0, size), ErrorCode::kFormat, {"JSON"});
  }
}

TEST_CASE("a normalizer cannot make a text grow without bounds") {
  std::string steps;
  for (int step = 0; step < 12; ++step) {
    steps += R"({"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"},)";
  }
  const JsonTokenizer tokenizer(changed(R"({"type":"Prepend","prepend":"_"},)", steps));
  try {
    tokenizer.encode(std::string(1000, 'a'));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kLimit);
  }
}

TEST_CASE("a changed tokenizer.json is read or refused, never worse") {
  test::RandomStream random(11);
  int read = 0, refusals = 0;
  for (const char* kind : {"qwen2", "llama_legacy", "bert"}) {
    const std::string json =
        read_file(test::fixture("text/tokenizer_json/"s + kind + "/tokenizer.json"), kTokenizerFileLimit);
    for (int round = 0; round < 300; ++round) {
      std::string file = json;
      for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
        const std::size_t at = random.below(file.size());
        switch (random.below(3)) {
          case 0: file[at] = static_cast<char>(random.below(256)); break;
          case 1: file.erase(at, 1 + random.below(8)); break;
          default: file.insert(at, file.substr(random.below(file.size()), random.below(12)));
        }
      }
      try {
        const JsonTokenizer tokenizer(file);
        const auto ids = tokenizer.encode("A small yellow bus isn't <image> 12 \u732b.");
        REQUIRE(tokenizer.decode(ids).size() < 1000);
        ++read;
      } catch (const Error&) {
        ++refusals;
      }
    }
  }
  CHECK(read > 0);
  CHECK(refusals > 300);
}
