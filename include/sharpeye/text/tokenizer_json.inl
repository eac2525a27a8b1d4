#pragma once

/// @file
/// Bodies of tokenizer_json.hpp.

#include "sharpeye/text/tokenizer_json.hpp"

#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/tokenizer_components.hpp"
#include "sharpeye/text/tokenizer_json_tree.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Calls `read(component)` for the object at `key`, or for each of its list `parts` where its type is Sequence.
template <class Read>
void for_each_component(const JsonReader& json, const std::string& key, const std::string& parts, const Read& read,
                        int depth = 0) {
  const JsonReader component = json.object(key);
  if (component.text("type") != "Sequence") {
    read(component);
    return;
  }
  require(depth < 4, ErrorCode::kLimit, component.where("type"), ": expected Sequences at most four deep");
  component.require_known_keys({"type", parts});
  require(component.is_list(parts), ErrorCode::kConfig, component.where(parts), ": expected an array");
  std::size_t number = 0;
  for (const Json& part : component.value(parts)) {
    const std::string name = concat(parts, "[", number++, "]");
    for_each_component(JsonReader(Json{{name, part}}, json.where(key)), name, parts, read, depth + 1);
  }
}

/// The token of a [spelling, id] pair.
inline std::int32_t processor_token(const JsonReader& json, const std::string& key) {
  require(json.is_list(key) && json.value(key).size() == 2, ErrorCode::kConfig, json.where(key),
          ": expected a token and its id");
  return static_cast<std::int32_t>(JsonReader(Json{{"id", json.value(key)[1]}}, json.where(key))
                                       .integer("id", 0, static_cast<Index>(kVocabularyLimit) - 1));
}

inline void read_template(const JsonReader& json, TokenizerJson& result) {
  json.require_known_keys({"type", "single", "pair", "special_tokens"});
  require(json.is_list("single"), ErrorCode::kConfig, json.where("single"), ": expected an array");
  bool behind = false;
  std::size_t number = 0;
  for (const Json& part : json.value("single")) {
    const JsonReader piece(part, json.where(concat("single[", number++, "]")));
    piece.require_known_keys({"SpecialToken", "Sequence"});
    if (piece.has("Sequence")) {
      if (std::exchange(behind, true)) refuse_component(piece, "Sequence", "one", "another");
      continue;
    }
    const std::string name = piece.object("SpecialToken").text("id");
    const auto ids =
        json.object("special_tokens").object(name).integers("ids", 0, static_cast<Index>(kVocabularyLimit) - 1, 1, 1);
    std::optional<std::int32_t>& token = behind ? result.eos : result.bos;
    if (token) refuse_component(piece, "SpecialToken", "one token before and one behind the text", name);
    token = static_cast<std::int32_t>(ids.front());
  }
}

inline void read_post_processor(const JsonReader& json, TokenizerJson& result) {
  const std::string type = json.text("type");
  if (type == "TemplateProcessing") {
    read_template(json, result);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    json.require_known_keys({"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    result.bos = processor_token(json, "cls");
    result.eos = processor_token(json, "sep");
  } else if (type != "ByteLevel") {  // which only moves offsets
    refuse_component(json, "type", "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence", type);
  }
}

inline std::vector<AddedToken> read_added_tokens(const JsonReader& json) {
  std::vector<AddedToken> tokens;
  if (!json.has("added_tokens")) return tokens;
  require(json.is_list("added_tokens"), ErrorCode::kConfig, json.where("added_tokens"), ": expected an array");
  for (const Json& element : json.value("added_tokens")) {
    const JsonReader reader(element, json.where(concat("added_tokens[", tokens.size(), "]")));
    reader.require_known_keys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    AddedToken token;
    token.id = static_cast<std::int32_t>(reader.integer("id", 0, static_cast<Index>(kVocabularyLimit) - 1));
    token.content = reader.text("content");
    require(!token.content.empty(), ErrorCode::kConfig, reader.where("content"), ": expected a token, actual \"\"");
    require(token.content.size() <= kAddedTokenLimit, ErrorCode::kLimit, reader.where("content"), ": expected at most ",
            kAddedTokenLimit, " bytes, actual ", token.content.size());
    token.special = reader.boolean("special");
    token.single_word = reader.boolean("single_word");
    token.lstrip = reader.boolean("lstrip");
    token.rstrip = reader.boolean("rstrip");
    token.normalized = reader.boolean("normalized");
    tokens.push_back(std::move(token));
  }
  return tokens;
}

inline void refuse_affix(const JsonReader& json, const std::string& key) {
  const std::string affix = json.text(key, "");
  if (!affix.empty()) refuse_component(json, key, "null", affix);
}

inline SubwordModelData read_model(const JsonReader& json, TokenizerJsonTree& tree, bool byte_level) {
  SubwordModelData model;
  // Files of old versions do not say the type.
  const std::string type = json.text("type", tree.has_merges                        ? "BPE"
                                             : json.has("max_input_chars_per_word") ? "WordPiece"
                                                                                    : "");
  model.unk_token = json.text("unk_token", "");
  if (type == "BPE") {
    json.require_known_keys({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                             "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
    model.kind = byte_level ? SubwordModelData::Kind::kByteLevelBpe : SubwordModelData::Kind::kSentencePieceBpe;
    if (json.number("dropout", 0, 1, 0.0) > 0) refuse_component(json, "dropout", "null", "more");
    refuse_affix(json, "continuing_subword_prefix");
    refuse_affix(json, "end_of_word_suffix");
    model.fuse_unk = json.boolean("fuse_unk", false);
    model.byte_fallback = json.boolean("byte_fallback", false);
    model.ignore_merges = json.boolean("ignore_merges", false);
    require(tree.has_merges, ErrorCode::kConfig, json.where("merges"), ": expected an array");
    if (byte_level && model.byte_fallback) refuse_component(json, "byte_fallback", "false with ByteLevel", "true");
  } else if (type == "WordPiece") {
    json.require_known_keys({"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
    model.kind = SubwordModelData::Kind::kWordPiece;
    model.continuing_subword_prefix = json.text("continuing_subword_prefix");
    // Each character of a word costs a search for each of the others.
    model.max_input_chars_per_word = json.integer("max_input_chars_per_word", 1, 1000);
    if (byte_level) refuse_component(json, "type", "BPE with ByteLevel", type);
  } else {
    refuse_component(json, "type", "BPE, WordPiece", type);
  }
  model.vocab = std::move(tree.vocab);
  model.merges = std::move(tree.merges);
  require(!model.vocab.empty(), ErrorCode::kConfig, json.where("vocab"), ": expected an object of tokens and ids");
  return model;
}

}  // namespace detail

SHARPEYE_BODY TokenizerJson read_tokenizer_json(std::string_view text, const std::string& where) {
  TokenizerJsonTree tree = read_tokenizer_json_tree(without_bom(text), where);
  const JsonReader json(std::move(tree.tree), where);
  json.require_known_keys({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                           "post_processor", "decoder", "model"});
  TokenizerJson result;
  bool byte_level = false;
  int decoder_place = 0;
  if (json.has("normalizer")) {
    detail::for_each_component(json, "normalizer", "normalizers",
                               [&](const JsonReader& part) { detail::read_normalizer(part, result.normalizer); });
  }
  if (json.has("pre_tokenizer")) {
    detail::for_each_component(json, "pre_tokenizer", "pretokenizers", [&](const JsonReader& part) {
      detail::read_pre_tokenizer(part, result.pre_tokenizer, byte_level);
    });
  }
  if (json.has("post_processor")) {
    detail::for_each_component(json, "post_processor", "processors",
                               [&](const JsonReader& part) { detail::read_post_processor(part, result); });
  }
  if (json.has("decoder")) {
    detail::for_each_component(json, "decoder", "decoders", [&](const JsonReader& part) {
      detail::read_decoder(part, result.decoder, decoder_place);
    });
  }
  // Too many steps would make a long text slow.
  require(result.normalizer.size() <= 16 && result.pre_tokenizer.size() <= 16, ErrorCode::kLimit, where,
          ": expected at most 16 normalizers and pretokenizers");
  result.added_tokens = detail::read_added_tokens(json);
  result.model = detail::read_model(json.object("model"), tree, byte_level);
  return result;
}

SHARPEYE_NAMESPACE_END
