#pragma once

/// @file
/// Bodies of bert_vocabulary.hpp.

#include "sharpeye/text/bert_vocabulary.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/core/folder.hpp"
#include "sharpeye/core/utf8.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/tokenizer_config.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The special tokens: the key in tokenizer_config.json, the name without it, and whether the tokenizer cannot do
/// without.
struct BertSpecialToken {
  const char *key, *name;
  bool is_needed;
};

inline constexpr BertSpecialToken kBertSpecialTokens[] = {{"unk_token", "[UNK]", true},
                                                          {"cls_token", "[CLS]", true},
                                                          {"sep_token", "[SEP]", true},
                                                          {"pad_token", "[PAD]", false},
                                                          {"mask_token", "[MASK]", false}};

/// The lines of vocab.txt and their numbers.
inline std::unordered_map<std::string_view, Index> vocabulary_lines(std::string_view text, const std::string& where) {
  std::unordered_map<std::string_view, Index> lines;
  for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto number = static_cast<Index>(lines.size());
    require(!line.empty(), ErrorCode::kFormat, where, ": line ", number + 1, ": expected a token, actual none");
    require(is_utf8(line), ErrorCode::kFormat, where, ": line ", number + 1, ": expected UTF-8");
    const auto [earlier, is_new] = lines.emplace(line, number);
    require(is_new, ErrorCode::kFormat, where, ": line ", number + 1, ": expected each token once, actual ",
            in_quotes(line), " as on line ", earlier->second + 1);
    require(lines.size() <= kVocabularyLimit, ErrorCode::kLimit, where, ": expected at most ", kVocabularyLimit,
            " tokens");
  }
  return lines;
}

inline Json bert_added_token(const std::string& content, Index id) {
  return Json{{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
              {"rstrip", false}, {"normalized", false}, {"special", true}};
}

/// The settings that a tokenizer.json would have to say more about.
inline void check_bert_config(const JsonReader& config) {
  require(config.boolean("do_basic_tokenize", true), ErrorCode::kUnsupported, config.where("do_basic_tokenize"),
          ": expected true, actual false");
  if (!config.has("added_tokens_decoder")) return;
  const JsonReader added = config.object("added_tokens_decoder");
  for (const std::string& id : added.keys()) {
    const std::string content = added.object(id).text("content");
    bool is_known = false;
    for (const BertSpecialToken& token : kBertSpecialTokens) {
      is_known = is_known || content == special_token(config, token.key) || content == token.name;
    }
    require(is_known, ErrorCode::kUnsupported, added.where(id), ": expected one of BERT's special tokens beside ",
            "vocab.txt (others need a tokenizer.json), actual ", in_quotes(content));
  }
}

}  // namespace detail

SHARPEYE_BODY std::string bert_tokenizer_json(std::string_view vocab_txt, const JsonReader& config,
                                              const std::string& where) {
  const auto lines = detail::vocabulary_lines(without_bom(vocab_txt), where);
  detail::check_bert_config(config);
  Json::List added;
  std::map<std::string, std::string> names;
  Json special = Json::object();
  for (const detail::BertSpecialToken& token : detail::kBertSpecialTokens) {
    const std::string said = detail::special_token(config, token.key);
    const std::string& name = names[token.key] = said.empty() ? token.name : said;
    const auto line = lines.find(name);
    require(line != lines.end() || !token.is_needed, ErrorCode::kFormat, where, ": expected the token ",
            in_quotes(name), " (", token.key, "), actual none");
    if (line == lines.end()) continue;
    added.push_back(detail::bert_added_token(name, line->second));
    special[name] = Json{{"id", name}, {"ids", Json::List{line->second}}, {"tokens", Json::List{name}}};
  }
  const auto part = [&](const char* key) {
    return Json{{"SpecialToken", Json{{"id", names.at(key)}, {"type_id", 0}}}};
  };
  Json json{{"version", "1.0"},
            {"added_tokens", std::move(added)},
            {"normalizer",
             Json{{"type", "BertNormalizer"},
                  {"clean_text", true},
                  {"handle_chinese_chars", config.boolean("tokenize_chinese_chars", true)},
                  {"strip_accents", config.has("strip_accents") ? Json(config.boolean("strip_accents")) : Json()},
                  {"lowercase", config.boolean("do_lower_case", true)}}},
            {"pre_tokenizer", Json{{"type", "BertPreTokenizer"}}},
            {"post_processor",
             Json{{"type", "TemplateProcessing"},
                  {"single", Json::List{part("cls_token"), Json{{"Sequence", Json{{"id", "A"}, {"type_id", 0}}}},
                                        part("sep_token")}},
                  {"special_tokens", std::move(special)}}},
            {"decoder", Json{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}}};
  // The vocabulary as text: it is as long as the file, and read once.
  std::string model = concat(R"({"type":"WordPiece","unk_token":)", Json(names.at("unk_token")).dump(),
                             R"(,"continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{)");
  std::vector<std::string_view> tokens(lines.size());
  for (const auto& [token, id] : lines) tokens[static_cast<std::size_t>(id)] = token;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (id > 0) model += ',';
    model += Json(tokens[id]).dump() + ':' + std::to_string(id);
  }
  std::string text = json.dump();
  text.pop_back();
  return text + ",\"model\":" + model + "}}}";
}

SHARPEYE_BODY JsonTokenizer load_bert_tokenizer(const std::string& folder) {
  const std::string path = folder + "/vocab.txt", config_path = folder + "/tokenizer_config.json";
  const std::string vocab = read_file(path, kTokenizerFileLimit);
  require(!file_exists(folder + "/added_tokens.json"), ErrorCode::kUnsupported, folder,
          "/added_tokens.json: expected none beside vocab.txt, for added tokens need a tokenizer.json");
  const bool has_config = file_exists(config_path);
  const JsonReader config(has_config ? read_json_file(config_path, detail::kTokenizerConfigLimit) : Json::object(),
                          config_path);
  return JsonTokenizer(bert_tokenizer_json(vocab, config, path),
                       detail::read_tokenizer_config<JsonTokenizer::Config>(config_path), path);
}

SHARPEYE_NAMESPACE_END
