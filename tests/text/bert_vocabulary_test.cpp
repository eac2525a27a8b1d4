#include "sharpeye/text/bert_vocabulary.hpp"

#include <filesystem>

#include "io/io_support.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "text/generated_text.hpp"

using namespace sharpeye;
using test::check_error;
using Ids = std::vector<std::int32_t>;

namespace {

JsonReader config(const char* json) {
  return JsonReader(parse_json(json, "tokenizer_config.json"), "tokenizer_config.json");
}

Ids ids_of(const std::string& text, const char* json, const std::string& vocab) {
  return JsonTokenizer(bert_tokenizer_json(vocab, config(json), "vocab.txt")).encode(text, {false, false});
}

const std::string kWords = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nCat\ncat\ncaf\u00e9\ncafe\n\u732b\n\u732b\u732b\n##s\n";

}  // namespace

TEST_CASE("vocab.txt reads and writes texts as the tokenizer.json that transformers saves with it") {
  const test::TextGenerator generator;
  const std::string folder = test::fixture("models/git_base");
  const JsonTokenizer from_json = JsonTokenizer::load(folder), from_lines = load_bert_tokenizer(folder);
  CHECK(from_lines.vocab_size() == from_json.vocab_size());
  CHECK(from_lines.bos_id() == 101);
  CHECK(from_lines.eos_id() == 102);
  CHECK(from_lines.pad_id() == 0);
  for (std::uint64_t number = 0; number < 2000; ++number) {
    const std::string text = generator.text(number) + (number % 3 == 0 ? " [SEP] the Cats' bus." : "");
    CAPTURE(text);
    const Ids ids = from_json.encode(text);
    CHECK(from_lines.encode(text) == ids);
    CHECK(from_lines.decode(ids) == from_json.decode(ids));
  }
}

TEST_CASE("a folder with vocab.txt only has BERT's tokenizer") {
  const test::TemporaryFolder folder;
  write_file(folder / "vocab.txt", kWords);
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer->encode("Cats cat") == Ids{2, 5, 10, 5});
  CHECK(tokenizer->decode({2, 5, 10, 5, 3}) == "cats cat");
  write_file(folder / "added_tokens.json", "{}");
  check_error(ErrorCode::kUnsupported, "added_tokens.json: expected none beside vocab.txt",
              [&] { load_tokenizer(folder.path()); });
  std::filesystem::remove(folder / "added_tokens.json");
  std::filesystem::remove(folder / "vocab.txt");
  check_error(ErrorCode::kFileNotFound, "or vocab.txt (BERT's WordPiece), actual none of them",
              [&] { load_tokenizer(folder.path()); });
}

TEST_CASE("vocab.txt is read as its configuration says") {
  CHECK(ids_of("Cat caf\u00e9", "{}", kWords) == Ids{5, 7});
  CHECK(ids_of("Cat caf\u00e9", R"({"do_lower_case": false})", kWords) == Ids{4, 6});
  CHECK(ids_of("Cat caf\u00e9", R"({"do_lower_case": false, "strip_accents": true})", kWords) == Ids{4, 7});
  CHECK(ids_of("Cat caf\u00e9", R"({"strip_accents": false})", kWords) == Ids{5, 6});
  CHECK(ids_of("\u732b\u732b", "{}", kWords) == Ids{8, 8});
  CHECK(ids_of("\u732b\u732b", R"({"tokenize_chinese_chars": false})", kWords) == Ids{9});
  CHECK(ids_of("dog", "{}", kWords) == Ids{1});
  CHECK(ids_of("dog", R"({"unk_token": {"content": "cat"}})", kWords) == Ids{5});
  CHECK(ids_of("cats", "{}", "\xef\xbb\xbf[UNK]\r\n[CLS]\r\n[SEP]\r\ncat\r\n##s\r\n") == Ids{3, 4});
  CHECK(ids_of("cats", "{}", "[UNK]\n[CLS]\n[SEP]\ncat\n##s") == Ids{3, 4});  // no newline at the end
}

TEST_CASE("a broken vocab.txt is refused by line or token") {
  const auto refuses = [](ErrorCode code, const char* part, const std::string& vocab, const char* json = "{}") {
    check_error(code, part, [&] { ids_of("cat", json, vocab); });
  };
  refuses(ErrorCode::kFormat, "vocab.txt: expected the token \"[UNK]\" (unk_token), actual none", "");
  refuses(ErrorCode::kFormat, "vocab.txt: expected the token \"[SEP]\" (sep_token)", "[UNK]\n[CLS]\n");
  refuses(ErrorCode::kFormat, "vocab.txt: line 2: expected a token, actual none", "[UNK]\n\n[CLS]\n");
  refuses(ErrorCode::kFormat, "vocab.txt: line 12: expected each token once, actual \"cat\" as on line 6",
          kWords + "cat\n");
  refuses(ErrorCode::kFormat, "vocab.txt: line 12: expected UTF-8", kWords + "\xff\n");
  refuses(ErrorCode::kUnsupported, "do_basic_tokenize: expected true", kWords, R"({"do_basic_tokenize": false})");
  refuses(ErrorCode::kUnsupported, "added_tokens_decoder.9: expected one of BERT's special tokens", kWords,
          R"({"added_tokens_decoder": {"9": {"content": "<image>"}}})");
  refuses(ErrorCode::kConfig, "do_lower_case", kWords, R"({"do_lower_case": 3})");
  CHECK(ids_of("cat", R"({"added_tokens_decoder": {"0": {"content": "[PAD]"}}})", kWords) == Ids{5});
}
