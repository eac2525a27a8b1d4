#include "sharpeye/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/json_tokenizer.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/streaming_decoder.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using Ids = std::vector<std::int32_t>;

namespace {

/// The smallest tokenizer: bytes are tokens, 256 ends a text, and nothing begins one.
class ByteTokenizer : public Tokenizer {
 public:
  ByteTokenizer() {
    for (int byte = 0; byte < 256; ++byte) bytes_ += static_cast<char>(byte);
  }

  std::string_view token_bytes(std::int32_t id) const override {
    require(id >= 0 && id <= 256, ErrorCode::kInvalidArgument, "token id: expected 0 to 256, actual ", id);
    return id == 256 ? std::string_view("<eos>") : std::string_view(bytes_).substr(static_cast<std::size_t>(id), 1);
  }
  std::optional<std::int32_t> token_to_id(std::string_view spelling) const override {
    if (spelling.size() != 1) return std::nullopt;
    return static_cast<unsigned char>(spelling[0]);
  }
  std::string id_to_token(std::int32_t id) const override { return std::string(token_bytes(id)); }
  std::int32_t vocab_size() const noexcept override { return 257; }
  std::int32_t bos_id() const noexcept override { return kNoToken; }
  std::int32_t eos_id() const noexcept override { return 256; }
  std::int32_t pad_id() const noexcept override { return kNoToken; }
  bool is_special(std::int32_t id) const noexcept override { return id == 256; }

 private:
  void append_ids(std::string_view text, const EncodeOptions&, Ids& ids) const override {
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  }

  std::string bytes_;
};

std::string error_of_load(const std::string& folder) {
  try {
    load_tokenizer(folder);
    return "accepted";
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kFileNotFound);
    return error.what();
  }
}

}  // namespace

TEST_CASE("prompts and streams take any tokenizer") {
  const ByteTokenizer bytes;
  CHECK(bytes.encode("ab") == Ids{'a', 'b'});  // there is no bos
  CHECK(PromptTemplate("a<image>{initial}").tokenize(bytes, " b\n").ids == Ids{'a', kImageToken, 'b'});
  CHECK(bytes.decode({'a', 0xC3, 256, 0xA9, 0xFF}) == "a\u00E9\uFFFD");
  CHECK(bytes.decode_bytes({'a', 256}, false) == "a<eos>");
  StreamingDecoder decoder(bytes);
  CHECK(decoder.push(0xC3) == "");
  CHECK(decoder.push(256) == "");
  CHECK(decoder.push(0xA9) == "\u00E9");
  CHECK_THROWS_AS(decoder.push(257), Error);
}

TEST_CASE("a folder's files choose its tokenizer") {
  const std::string tiny = test::fixture("text/tiny");
  const auto loaded = load_tokenizer(tiny);
  CHECK(dynamic_cast<const BpeTokenizer*>(loaded.get()) != nullptr);
  const std::string text = "A small yellow bus isn't 12.";
  CHECK(loaded->encode(text) == BpeTokenizer::load(tiny).encode(text));
  CHECK(loaded->decode(loaded->encode(text)) == text);

  const test::TemporaryFolder folder;
  const std::string expected =
      ": expected a tokenizer: tokenizer.json (Hugging Face's tokenizers), or vocab.json and "
      "merges.txt (byte-level BPE), or vocab.txt (BERT's WordPiece), actual ";
  CHECK(error_of_load(folder.path()) == folder.path() + expected + "none of them");
  CHECK(error_of_load(folder / "nowhere") == folder / "nowhere" + expected + "no such directory");
  CHECK(error_of_load(tiny + "/vocab.json") == tiny + "/vocab.json" + expected + "a file");
  write_file(folder / "tokenizer.model", "SentencePiece");
  CHECK(error_of_load(folder.path()).find("none of them; SentencePiece's tokenizer.model is not read: transformers") !=
        std::string::npos);
  std::filesystem::remove(folder / "tokenizer.model");
  AtomicFile vocab(folder.path() + "/vocab.json");
  vocab.write(read_file(tiny + "/vocab.json", kTokenizerFileLimit));
  vocab.commit();
  CHECK(error_of_load(folder.path()) == folder.path() + expected + "vocab.json without merges.txt");
  write_file(folder.path() + "/merges.txt", read_file(tiny + "/merges.txt", kTokenizerFileLimit));
  CHECK(dynamic_cast<const BpeTokenizer*>(load_tokenizer(folder.path()).get()) != nullptr);
  const std::string llama = test::fixture("text/tokenizer_json/llama");
  write_file(folder.path() + "/tokenizer.json", read_file(llama + "/tokenizer.json", kTokenizerFileLimit));
  CHECK(dynamic_cast<const JsonTokenizer*>(load_tokenizer(folder.path()).get()) != nullptr);
  CHECK(error_of_load(folder.path() + "/nowhere").find("nowhere") != std::string::npos);
}
