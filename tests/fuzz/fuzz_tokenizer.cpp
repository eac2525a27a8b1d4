// libFuzzer target: vocab.json, merges.txt and a text, separated by the first two NUL bytes.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fuzz_tokenizer.cpp
// A part that is empty is replaced by a good one, so that each part is reached on its own.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sharpeye/io/json.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/streaming_decoder.hpp"

using namespace sharpeye;

namespace {

const std::string& good_vocab() {
  static const std::string json = [] {
    Json tokens = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}};
    for (int byte = 0; byte < 256; ++byte) tokens[spell(std::string(1, static_cast<char>(byte)))] = 4 + byte;
    for (const char* token : {"ab", "abc", "aa", "aaaa", "\u0120a", "\u0120ab"}) tokens[token] = tokens.size();
    return tokens.dump();
  }();
  return json;
}

std::string_view next_part(std::string_view& input) {
  const std::string_view part = input.substr(0, input.find('\0'));
  input.remove_prefix(part.size() < input.size() ? part.size() + 1 : input.size());
  return part;
}

void require_that(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view vocab = next_part(input);
  const std::string_view merges = next_part(input);
  try {
    const BpeTokenizer tokenizer(vocab.empty() ? good_vocab() : vocab,
                                 merges.empty() ? "a b\nab c\na a\naa aa\n\u0120 a\n\u0120a b\n" : merges);
    require_that(tokenizer.decode_bytes(tokenizer.encode(input, {false, false})) == input);
    const auto ids = tokenizer.encode(input, {true, true});
    require_that(tokenizer.decode_bytes(ids, false) ==
                 std::string(tokenizer.token_bytes(tokenizer.bos_id())).append(input));
    StreamingDecoder decoder(tokenizer);
    std::string text;
    for (const std::int32_t id : ids) text += decoder.push(id);
    require_that(text + decoder.finish() == tokenizer.decode(ids));
    PromptTemplate(std::string(input)).tokenize(tokenizer, input);
  } catch (const Error&) {
  }
  return 0;
}
