// libFuzzer target: a config.json of any kind of model, or a vocab.txt, a tokenizer_config.json and a text.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fuzz_model_config.cpp
// The first byte of the input says which: 'v' the files of a tokenizer, separated by NUL bytes; else a config.json.
// What is accepted must be written as a configuration of our own, and read back as the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/text/bert_vocabulary.hpp"

using namespace sharpeye;

namespace {

void require_that(bool condition) {
  if (!condition) std::abort();
}

void read_config(std::string_view text) {
  const MmSerConfig config = MmSerConfig::from_json(JsonReader(parse_json(text, "config.json"), "config.json"));
  require_that(config.num_vision_blocks() >= 0 && config.text_config.vocab_size() > 0);
  config.prompt_text();
  const Json written = config.to_json();
  require_that(MmSerConfig::from_json(JsonReader(written, "written")).to_json() == written);
}

void read_vocabulary(std::string_view input) {
  const std::size_t first = std::min(input.find('\0'), input.size()), after = std::min(first + 1, input.size());
  const std::size_t second = std::min(input.find('\0', after), input.size());
  const std::string config(input.substr(after, second - after)), text(input.substr(second));
  const JsonReader json(config.empty() ? Json::object() : parse_json(config, "tokenizer_config.json"),
                        "tokenizer_config.json");
  const JsonTokenizer tokenizer(bert_tokenizer_json(input.substr(0, first), json, "vocab.txt"));
  for (const std::int32_t id : tokenizer.encode(text)) require_that(id >= 0 && id < tokenizer.vocab_size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    data[0] == 'v' ? read_vocabulary(input) : read_config(input);
  } catch (const Error&) {
  }
  return 0;
}
