/// @file
/// `sharpeye tokenize`: texts to token ids and back, one JSON value per line.

#include <iostream>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct TokenizeCommand {
  std::string model;
  bool decode = false, no_bos = false;
};

// "[1, 2]" -> "\"text\""
std::string decode_line(const Tokenizer& tokenizer, const std::string& line, const std::string& where) {
  const Json json = parse_json(line, where);
  const JsonReader reader(Json{{"ids", json}}, where);
  std::vector<std::int32_t> ids;
  for (const Index id : reader.integers("ids", 0, tokenizer.vocab_size() - 1, 0, std::numeric_limits<Index>::max())) {
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return Json(tokenizer.decode(ids)).dump();
}

// "\"text\"" -> "[1,2]"
std::string encode_line(const Tokenizer& tokenizer, const std::string& line, const std::string& where,
                        const EncodeOptions& options) {
  const Json json = parse_json(line, where);
  require(json.is_text(), ErrorCode::kFormat, where, ": expected a JSON string, actual ", json.type_name());
  return Json(tokenizer.encode(json.get<std::string>(), options)).dump();
}

int run_tokenize(const TokenizeCommand& command) {
  const std::unique_ptr<const Tokenizer> loaded = load_tokenizer(command.model);
  const Tokenizer& tokenizer = *loaded;
  EncodeOptions options;
  options.add_bos = !command.no_bos;
  int exit_code = kOk;
  std::string line;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    const std::string where = "line " + std::to_string(number);
    std::string answer;
    try {
      answer = command.decode ? decode_line(tokenizer, line, where) : encode_line(tokenizer, line, where, options);
    } catch (const Error& error) {
      report(error.what());
      exit_code = kInputFailed;
      continue;
    }
    write_out(answer + "\n");
  }
  return exit_code;
}

}  // namespace

void add_tokenize(Command& command) {
  const auto options = std::make_shared<TokenizeCommand>();
  command.description = "Turn lines of stdin, each a JSON string, into JSON arrays of token ids";
  command.text("--model", options->model, "A directory with tokenizer.json, or vocab.json and merges.txt, or vocab.txt")
      .type("DIR")
      .required();
  const Option& decode = command.flag("--decode", options->decode, "The other way; special tokens are left out");
  command.flag("--no-bos", options->no_bos, "Do not begin with the BOS token").excludes(decode);
  command.run = [options] { return run_tokenize(*options); };
}

}  // namespace tool
