// libFuzzer target: a vocab.txt, a tokenizer_config.json and a text, separated by NUL bytes.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fuzz_bert_vocabulary.cpp

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sharpeye/io/json.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/bert_vocabulary.hpp"

using namespace sharpeye;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t first = std::min(input.find('\0'), size), after = std::min(first + 1, size);
  const std::size_t second = std::min(input.find('\0', after), size);
  const std::string config(input.substr(after, second - after)), text(input.substr(second));
  try {
    const JsonReader json(config.empty() ? Json::object() : parse_json(config, "tokenizer_config.json"),
                          "tokenizer_config.json");
    const JsonTokenizer tokenizer(bert_tokenizer_json(input.substr(0, first), json, "vocab.txt"));
    for (const std::int32_t id : tokenizer.encode(text)) {
      if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
