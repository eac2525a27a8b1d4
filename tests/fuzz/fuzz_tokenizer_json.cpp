// libFuzzer target: a tokenizer.json and a text, separated by the first NUL byte.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fuzz_tokenizer_json.cpp
// The first byte of the input says which: '0' to '5' a good file with one component replaced by the input's, so that
// the readers behind the first complaint are reached too; '6' a good WordPiece; else the whole file is the input's.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sharpeye/text/json_tokenizer.hpp"
#include "sharpeye/text/streaming_decoder.hpp"

using namespace sharpeye;

namespace {

void require_that(bool condition) {
  if (!condition) std::abort();
}

/// A file of each kind of model; the components at `kParts` are replaced.
constexpr const char* kPrefix = R"({"added_tokens":)";
constexpr const char* kParts[] = {
    R"([{"id":3,"content":"<s>","single_word":true,"lstrip":true,"rstrip":true,"normalized":false,"special":true},
        {"id":6,"content":"ab ","single_word":false,"lstrip":true,"rstrip":true,"normalized":true,"special":false}])",
    R"({"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"_"},
        {"type":"Replace","pattern":{"String":" "},"content":"_"}]})",
    R"({"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":true})",
    R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A"}}],
        "special_tokens":{"<s>":{"id":"<s>","ids":[3],"tokens":["<s>"]}}})",
    R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},
        {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})",
    R"({"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,
        "vocab":{"<unk>":0,"a":1,"_":2,"b":4,"ab":5,"_ab":7,"bab":8},"merges":["a b","_ ab",["b","ab"]]})",
};
constexpr const char* kKeys[] = {R"(,"normalizer":)", R"(,"pre_tokenizer":)", R"(,"post_processor":)", R"(,"decoder":)",
                                 R"(,"model":)"};
constexpr const char* kWordPiece =
    R"({"type":"WordPiece","unk_token":"<unk>","continuing_subword_prefix":"##","max_input_chars_per_word":20,
        "vocab":{"<unk>":0,"a":1,"##a":2,"##ab":4,"ab":5}})";

std::string file_with(std::size_t number, std::string_view part) {
  std::string file = kPrefix;
  for (std::size_t i = 0; i < 6; ++i) {
    if (i > 0) file += kKeys[i - 1];
    if (number == 6 && i == 1) {
      file += R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"lowercase":true})";
    } else if (number == 6 && i == 2) {
      file += R"({"type":"BertPreTokenizer"})";
    } else if (number == 6 && i == 4) {
      file += R"({"type":"WordPiece","prefix":"##","cleanup":true})";
    } else if (number == 6 && i == 5) {
      file += kWordPiece;
    } else {
      file += i == number ? part : std::string_view(kParts[i]);
    }
  }
  return file + "}";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view part = input.substr(0, input.find('\0'));
  const std::string_view text = input.substr(part.size());
  const std::size_t number = data[0] - std::size_t{'0'};
  try {
    const JsonTokenizer tokenizer(data[0] < '0' || number > 6 ? std::string(part) : file_with(number, part));
    for (const bool parse_special : {true, false}) {
      const auto ids = tokenizer.encode(text, {true, parse_special});
      for (const std::int32_t id : ids) require_that(id >= 0 && id < tokenizer.vocab_size());
      for (const bool skip_special : {true, false}) {
        StreamingDecoder decoder(tokenizer, skip_special);
        std::string streamed;
        for (const std::int32_t id : ids) streamed += decoder.push(id);
        require_that(streamed + decoder.finish() == tokenizer.decode(ids, skip_special));
      }
    }
  } catch (const Error&) {
  }
  return 0;
}
