#pragma once

/// @file
/// Bodies of tokenizer_components.hpp.

#include "sharpeye/text/tokenizer_components.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/unicode.hpp"

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

[[noreturn]] SHARPEYE_BODY void refuse_component(const JsonReader& json, std::string_view key, std::string_view known,
                                                 std::string_view actual) {
  fail(ErrorCode::kUnsupported, json.where(key), ": expected one that sharpeye reads (", known, "), actual ",
       in_quotes(actual));
}

/// The text of a Replace's or Split's `pattern`. @return "" where it is of the other kind
inline std::string pattern_of(const JsonReader& json, const std::string& kind) {
  const JsonReader pattern = json.object("pattern");
  pattern.require_known_keys({"String", "Regex"});
  return pattern.text(kind, "");
}

SHARPEYE_BODY void read_normalizer(const JsonReader& json, std::vector<NormalizerStep>& steps) {
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
  std::string text = json.text(key);
  require(!text.empty() && decode_utf8(text).length == text.size(), ErrorCode::kConfig, json.where(key),
          ": expected one character, actual ", in_quotes(text));
  return text;
}

SHARPEYE_BODY void read_pre_tokenizer(const JsonReader& json, std::vector<PreTokenizerStep>& steps, bool& byte_level) {
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

SHARPEYE_BODY void read_decoder(const JsonReader& json, TokenDecoder& decoder, int& place) {
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

}  // namespace detail

SHARPEYE_NAMESPACE_END
