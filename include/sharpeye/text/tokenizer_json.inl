#pragma once

/// @file
/// Bodies of tokenizer_json.hpp, and the lists of the components that are known.

#include "sharpeye/text/tokenizer_json.hpp"

#include <algorithm>
#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/tokenizer_json_tree.hpp"
#include "sharpeye/text/unicode.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The patterns of `Split` that are known, as their files write them.
inline constexpr std::pair<std::string_view, PreTokenizerStep::Kind> kSplitPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PreTokenizerStep::Kind::kGpt2Pattern},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerStep::Kind::kQwen2Pattern},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PreTokenizerStep::Kind::kLlama3Pattern},
};

[[noreturn]] inline void refuse_component(const JsonReader& json, std::string_view key, std::string_view known,
                                          std::string_view actual) {
  fail(ErrorCode::kUnsupported, json.where(key), ": expected one that sharpeye reads (", known, "), actual ",
       in_quotes(actual));
}

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

/// The text of a Replace's or Split's `pattern`. @return "" where it is of the other kind
inline std::string pattern_of(const JsonReader& json, const std::string& kind) {
  const JsonReader pattern = json.object("pattern");
  pattern.require_known_keys({"String", "Regex"});
  return pattern.text(kind, "");
}

inline void read_normalizer(const JsonReader& json, std::vector<NormalizerStep>& steps) {
  const std::string type = json.text("type");
  NormalizerStep step{};
  if (type == "NFC" || type == "NFD" || type == "Lowercase") {
    json.require_known_keys({"type"});
    step.kind = type == "NFC"   ? NormalizerStep::Kind::kNfc
                : type == "NFD" ? NormalizerStep::Kind::kNfd
                                : NormalizerStep::Kind::kLowercase;
  } else if (type == "Prepend") {
    json.require_known_keys({"type", "prepend"});
    step.kind = NormalizerStep::Kind::kPrepend;
    step.content = json.text("prepend");
  } else if (type == "Replace") {
    json.require_known_keys({"type", "pattern", "content"});
    step.kind = NormalizerStep::Kind::kReplace;
    step.pattern = pattern_of(json, "String");
    step.content = json.text("content");
    if (step.pattern.empty()) refuse_component(json, "pattern", "a String", pattern_of(json, "Regex"));
  } else if (type == "BertNormalizer") {
    json.require_known_keys({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    step.kind = NormalizerStep::Kind::kBert;
    step.clean_text = json.boolean("clean_text");
    step.handle_chinese_chars = json.boolean("handle_chinese_chars");
    step.lowercase = json.boolean("lowercase");
    step.strip_accents = json.boolean("strip_accents", step.lowercase);
  } else {
    refuse_component(json, "type", "NFC, NFD, Lowercase, Prepend, Replace, BertNormalizer, Sequence", type);
  }
  // A text may become this much longer, per character of it.
  require(step.content.size() <= 64, ErrorCode::kLimit, json.where("type"), ": expected at most 64 bytes, actual ",
          step.content.size());
  steps.push_back(std::move(step));
}

inline PreTokenizerStep::Prepend prepend_of(const JsonReader& json) {
  const std::string fallback = json.boolean("add_prefix_space", true) ? "always" : "never";
  const std::string scheme = json.one_of("prepend_scheme", {"always", "first", "never"}, fallback);
  return scheme == "always"  ? PreTokenizerStep::Prepend::kAlways
         : scheme == "first" ? PreTokenizerStep::Prepend::kFirst
                             : PreTokenizerStep::Prepend::kNever;
}

/// The one character that stands for a space.
inline std::string replacement_of(const JsonReader& json, const std::string& key) {
  const std::string text = json.text(key);
  require(!text.empty() && decode_utf8(text).length == text.size(), ErrorCode::kConfig, json.where(key),
          ": expected one character, actual ", in_quotes(text));
  return text;
}

/// @param byte_level set when the pieces are to be spelled in bytes
inline void read_pre_tokenizer(const JsonReader& json, std::vector<PreTokenizerStep>& steps, bool& byte_level) {
  const std::string type = json.text("type");
  if (byte_level) refuse_component(json, "type", "nothing behind ByteLevel", type);
  PreTokenizerStep step{};
  if (type == "ByteLevel") {
    json.require_known_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    byte_level = true;
    if (json.boolean("add_prefix_space", true)) {
      step.kind = PreTokenizerStep::Kind::kPrefixSpace;
      steps.push_back(step);
    }
    if (!json.boolean("use_regex", true)) return;
    step.kind = PreTokenizerStep::Kind::kGpt2Pattern;
  } else if (type == "Split") {
    json.require_known_keys({"type", "pattern", "behavior", "invert"});
    const std::string pattern = pattern_of(json, "Regex");
    const auto known = std::find_if(std::begin(kSplitPatterns), std::end(kSplitPatterns),
                                    [&](const auto& entry) { return entry.first == pattern; });
    if (known == std::end(kSplitPatterns)) {
      refuse_component(json, "pattern", "those of GPT-2, Qwen2 and LLaMA 3",
                       pattern.empty() ? pattern_of(json, "String") : pattern);
    }
    json.one_of("behavior", {"Isolated", "isolated"});
    if (json.boolean("invert", false)) refuse_component(json, "invert", "false", "true");
    step.kind = known->second;
  } else if (type == "Digits") {
    json.require_known_keys({"type", "individual_digits"});
    step.kind = PreTokenizerStep::Kind::kDigits;
    step.individual_digits = json.boolean("individual_digits");
  } else if (type == "Metaspace") {
    json.require_known_keys({"type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
    step.kind = PreTokenizerStep::Kind::kMetaspace;
    step.replacement = replacement_of(json, "replacement");
    step.prepend = prepend_of(json);
    step.split = json.boolean("split", true);
  } else if (type == "BertPreTokenizer") {
    json.require_known_keys({"type"});
    step.kind = PreTokenizerStep::Kind::kBert;
  } else {
    refuse_component(json, "type", "ByteLevel, Split, Digits, Metaspace, BertPreTokenizer, Sequence", type);
  }
  steps.push_back(step);
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

/// @param place of the last part of the SentencePiece sequence: Replace, ByteFallback, Fuse, Strip; 5 for all others
inline void read_decoder(const JsonReader& json, TokenDecoder& decoder, int& place) {
  const std::string type = json.text("type");
  const auto in_order = [&](int wanted) {
    if (place >= wanted || (wanted == 4 && place < 3) || (wanted == 5 && place > 0)) {
      refuse_component(json, "type", "the order Replace, ByteFallback, Fuse, Strip", type);
    }
    place = wanted;
    if (wanted < 5) decoder.kind = TokenDecoder::Kind::kMetaspace;
  };
  if (type == "Replace") {
    json.require_known_keys({"type", "pattern", "content"});
    in_order(1);
    const std::string pattern = pattern_of(json, "String");
    if (pattern.empty() || decode_utf8(pattern).length != pattern.size() || json.text("content") != " ") {
      refuse_component(json, "pattern", "one character that becomes a space", pattern);
    }
    decoder.replacement = pattern;
  } else if (type == "ByteFallback") {
    json.require_known_keys({"type"});
    in_order(2);
    decoder.byte_fallback = true;
  } else if (type == "Fuse") {
    json.require_known_keys({"type"});
    in_order(3);
  } else if (type == "Strip") {
    json.require_known_keys({"type", "content", "start", "stop"});
    in_order(4);
    if (json.text("content") != " ") refuse_component(json, "content", "a space", json.text("content"));
    decoder.strip_first_space = json.integer("start", 0, 1) == 1;
    json.integer("stop", 0, 0);
  } else if (type == "ByteLevel") {
    json.require_known_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    in_order(5);
    decoder.kind = TokenDecoder::Kind::kByteLevel;
  } else if (type == "Metaspace") {
    json.require_known_keys({"type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
    in_order(5);
    decoder.kind = TokenDecoder::Kind::kMetaspace;
    decoder.replacement = replacement_of(json, "replacement");
    decoder.strip_first_replacements = prepend_of(json) != PreTokenizerStep::Prepend::kNever;
  } else if (type == "WordPiece") {
    json.require_known_keys({"type", "prefix", "cleanup"});
    in_order(5);
    decoder.kind = TokenDecoder::Kind::kWords;
    decoder.prefix = json.text("prefix");
    decoder.cleanup = json.boolean("cleanup");
  } else {
    refuse_component(json, "type", "ByteLevel, WordPiece, Metaspace, Replace, ByteFallback, Fuse, Strip, Sequence",
                     type);
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
