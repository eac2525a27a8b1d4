#include "sharpeye/text/json_tokenizer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/utf8.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/streaming_decoder.hpp"
#include "text/generated_text.hpp"

using namespace sharpeye;
using Ids = std::vector<std::int32_t>;

namespace {

const std::vector<std::string> kKinds = {"gpt2", "qwen2", "smollm", "llama", "llama_legacy", "bert"};

const JsonTokenizer& tiny(const std::string& kind) {
  static std::map<std::string, JsonTokenizer> loaded;
  const auto found = loaded.find(kind);
  if (found != loaded.end()) return found->second;
  return loaded.emplace(kind, JsonTokenizer::load(test::fixture("text/tokenizer_json/" + kind))).first->second;
}

std::string streamed(const Tokenizer& tokenizer, const Ids& ids, bool skip_special) {
  StreamingDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const std::int32_t id : ids) text += decoder.push(id);
  return text + decoder.finish();
}

/// with_added_tokens() of make_tokenizer_json_goldens.py.
std::string with_added_tokens(std::string text, std::uint64_t number) {
  static const std::vector<std::string> inserted = {"<image>", "<pad>",   "Word",     "lef",   "\u00dcn\u00ef",
                                                    "  ",      "<loc_1>", "<loc_12>", "rig",   " ",
                                                    "a",       "_",       "\n",       "\u00e9"};
  test::RandomStream random(number + 2000000);
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    std::vector<std::size_t> places = {0};
    while (places.back() < text.size()) {
      places.push_back(places.back() + decode_utf8(std::string_view(text).substr(places.back())).length);
    }
    const std::size_t place = places[random.below(places.size())];
    text.insert(place, inserted[random.below(inserted.size())]);
  }
  return text;
}

}  // namespace

TEST_CASE("texts picked by hand and every added token have Hugging Face's ids") {
  for (const std::string& kind : kKinds) {
    CAPTURE(kind);
    const JsonTokenizer& tokenizer = tiny(kind);
    std::ifstream file(test::fixture("text/tokenizer_json/" + kind + "/goldens.jsonl"));
    int count = 0;
    for (std::string line; std::getline(file, line); ++count) {
      const Json golden = parse_json(line, "goldens.jsonl");
      const std::string text = golden["text"].get<std::string>();
      CAPTURE(text);
      const Ids ids = tokenizer.encode(text);
      CHECK(ids == golden["ids"].get<Ids>());
      CHECK(tokenizer.decode(ids) == golden["decoded"].get<std::string>());
      CHECK(tokenizer.decode(ids, false) == golden["with_special"].get<std::string>());
      CHECK(streamed(tokenizer, ids, true) == golden["decoded"].get<std::string>());
      CHECK(streamed(tokenizer, ids, false) == golden["with_special"].get<std::string>());
    }
    CHECK(count >= 35);
  }
}

TEST_CASE("2,000 generated strings with added tokens are read as Hugging Face reads them") {
  const test::TextGenerator generator;
  for (const std::string& kind : kKinds) {
    CAPTURE(kind);
    std::ifstream hashes(test::fixture("text/tokenizer_json/" + kind + "/hashes.txt"));
    std::uint64_t number = 0;
    for (std::string ids, decoded; hashes >> ids >> decoded;) {
      test::Hash ids_hash, decoded_hash;
      for (const std::uint64_t end = number + 100; number < end; ++number) {
        const Ids its = tiny(kind).encode(with_added_tokens(generator.text(number), number));
        ids_hash.add_numbers(its);
        decoded_hash.add(tiny(kind).decode(its, number % 2 == 0) + "\xff");
      }
      CHECK_MESSAGE(ids_hash.value == std::stoull(ids, nullptr, 16), "strings before number " << number);
      CHECK_MESSAGE(decoded_hash.value == std::stoull(decoded, nullptr, 16), "texts before number " << number);
    }
    CHECK(number == 2000);
  }
}

TEST_CASE("bos, eos and pad come from the post-processor and tokenizer_config.json") {
  const auto spelling = [](const Tokenizer& tokenizer, std::int32_t id) {
    return id == Tokenizer::kNoToken ? "none" : tokenizer.id_to_token(id);
  };
  const auto all = [&](const std::string& kind) {
    const JsonTokenizer& tokenizer = tiny(kind);
    return spelling(tokenizer, tokenizer.bos_id()) + " " + spelling(tokenizer, tokenizer.eos_id()) + " " +
           spelling(tokenizer, tokenizer.pad_id());
  };
  CHECK(all("gpt2") == "</s> </s> <pad>");
  CHECK(all("qwen2") == "none <|im_end|> <|endoftext|>");
  CHECK(all("smollm") == "none <end_of_utterance> none");
  CHECK(all("llama") == "<s> </s> none");
  CHECK(all("bert") == "[CLS] [SEP] [PAD]");
  CHECK(tiny("bert").is_special(*tiny("bert").token_to_id("<image>")));
  CHECK_FALSE(tiny("bert").is_special(*tiny("bert").token_to_id("rig")));
  CHECK_FALSE(tiny("bert").is_special(-1));
  CHECK_THROWS_AS(tiny("bert").token_bytes(tiny("bert").vocab_size()), Error);
}

TEST_CASE("special tokens can be read as text, and prompts do so") {
  const JsonTokenizer& tokenizer = tiny("llama");
  const std::int32_t eos = tokenizer.eos_id();
  CHECK(tokenizer.encode("a</s>", {false, true}).back() == eos);
  CHECK(tokenizer.encode("a</s>", {false, false}).back() != eos);
  CHECK(tokenizer.decode(tokenizer.encode("a</s>", {false, false})) == "a</s>");
  const PromptTokens prompt = PromptTemplate("USER: <image>{initial} ASSISTANT:").tokenize(tokenizer, "a </s>");
  CHECK(prompt.ids.front() == tokenizer.bos_id());
  CHECK(std::count(prompt.ids.begin(), prompt.ids.end(), eos) == 0);
  // A text behind an image is not the beginning of a text: one tokenizer puts a space there, the other does not.
  const auto behind_image = [](const JsonTokenizer& model) {
    const PromptTokens tokens = PromptTemplate("a<image>dog").tokenize(model);
    return model.id_to_token(tokens.ids[tokens.image_position + 1]).substr(0, 3);
  };
  CHECK(behind_image(tokenizer) != "\u2581");
  CHECK(behind_image(tiny("llama_legacy")) == "\u2581");
}

TEST_CASE("bytes that are not UTF-8 come back where the model has tokens for bytes") {
  test::RandomStream random(7);
  for (const std::string kind : {"gpt2", "llama"}) {
    for (int round = 0; round < 300; ++round) {
      std::string bytes;
      for (std::uint64_t count = 1 + random.below(12); count > 0; --count) {
        bytes += static_cast<char>(random.below(256));
      }
      if (bytes.front() == ' ') continue;
      CAPTURE(bytes);
      // A text of two spaces is an added token here that is looked for first; it stays itself.
      REQUIRE(tiny(kind).decode_bytes(tiny(kind).encode(bytes, {false, true}), false) == bytes);
    }
  }
  CHECK(tiny("bert").decode(tiny("bert").encode("a\xff \xe2\x82 b")) == "a b");
}

TEST_CASE("the time to encode grows with the length of the text, not with its square") {
  for (const std::string& kind : kKinds) {
    CAPTURE(kind);
    const auto begin = std::chrono::steady_clock::now();
    for (const char* part : {"a", "<", " ", "\u0301", "<loc_1", "ab cd ", "<pad> "}) {
      std::string text;
      while (text.size() < 300000) text += part;
      CHECK(tiny(kind).encode(text).size() > 0);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    CHECK(seconds.count() < 30);  // a tenth of a second without sanitizers
  }
}

TEST_CASE("OPT's real vocabulary has the same ids from a tokenizer.json") {
  const std::string folder = test::shared_data();
  if (folder.empty()) {
    MESSAGE("skipped: no shared test data");
    return;
  }
  const BpeTokenizer opt = BpeTokenizer::load(folder + "/opt-tokenizer");
  Json file = {{"added_tokens", Json::list()},
               {"pre_tokenizer", Json{{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"decoder", Json{{"type", "ByteLevel"}}},
               {"model", Json{{"type", "BPE"}, {"vocab", nullptr}, {"merges", Json::list()}}}};
  std::string merges;
  std::ifstream lines(folder + "/opt-tokenizer/merges.txt");
  std::string line;
  for (std::getline(lines, line); std::getline(lines, line);) merges += (merges.empty() ? "" : ",") + Json(line).dump();
  std::string text = file.dump();
  text.replace(text.find("[]", text.find("merges")), 2, "[" + merges + "]");
  text.replace(text.find("null"), 4, read_file(folder + "/opt-tokenizer/vocab.json", kTokenizerFileLimit));
  const JsonTokenizer same(text);
  const test::TextGenerator generator;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    const std::string sample = generator.text(number);
    REQUIRE(same.encode(sample, {false, false}) == opt.encode(sample, {false, false}));
  }
}
