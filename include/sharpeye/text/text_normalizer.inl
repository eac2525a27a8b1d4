#pragma once

/// @file
/// Bodies of text_normalizer.hpp.

#include "sharpeye/text/text_normalizer.hpp"

#include <utility>

#include "sharpeye/core/error.hpp"
#include "sharpeye/text/substrings.hpp"
#include "sharpeye/text/unicode.hpp"
#include "sharpeye/text/unicode_mapping.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Calls `use(character, bytes)` for each character; U+FFFD stands for what is not UTF-8.
template <class Use>
void for_each_character(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    use(step.code_point, text.substr(0, step.length));
    text.remove_prefix(step.length);
  }
}

/// BERT's BasicTokenizer without its split. Source: google-research/bert, tokenization.py; tokenizers, bert.rs.
inline std::string bert_normalized(const NormalizerStep& step, std::string text) {
  if (step.clean_text) {
    std::string clean;
    for_each_character(text, [&](char32_t c, std::string_view bytes) {
      const bool control_space = c == '\t' || c == '\n' || c == '\r';
      if (control_space || (is_space(c) && bert_class(c) != BertClass::kControl)) {
        clean += ' ';
      } else if (c != 0xFFFD && bert_class(c) != BertClass::kControl) {
        clean += bytes;
      }
    });
    text = std::move(clean);
  }
  if (step.handle_chinese_chars) {
    std::string spaced;
    for_each_character(text, [&](char32_t c, std::string_view bytes) {
      const std::string_view space(is_cjk_ideograph(c) ? " " : "");
      spaced.append(space).append(bytes).append(space);
    });
    text = std::move(spaced);
  }
  if (step.strip_accents) {
    std::string plain;
    for_each_character(to_nfd(text), [&](char32_t c, std::string_view bytes) {
      if (bert_class(c) != BertClass::kNonspacingMark) plain += bytes;
    });
    text = std::move(plain);
  }
  return step.lowercase ? to_lower_case(text) : text;
}

}  // namespace detail

SHARPEYE_BODY std::string normalize(const std::vector<NormalizerStep>& steps, std::string_view text) {
  std::string result(text);
  for (const NormalizerStep& step : steps) {
    switch (step.kind) {
      case NormalizerStep::Kind::kNfc: result = to_nfc(result); break;
      case NormalizerStep::Kind::kNfd: result = to_nfd(result); break;
      case NormalizerStep::Kind::kLowercase: result = to_lower_case(result); break;
      case NormalizerStep::Kind::kPrepend:
        if (!result.empty()) result.insert(0, step.content);
        break;
      case NormalizerStep::Kind::kReplace: result = replaced(result, step.pattern, step.content); break;
      case NormalizerStep::Kind::kBert: result = detail::bert_normalized(step, std::move(result)); break;
    }
    // Replacements of replacements would grow without bounds.
    require(result.size() / 64 <= text.size() + 64, ErrorCode::kLimit,
            "normalizer: expected a text of at most 64 times ", text.size(), " bytes, actual ", result.size());
  }
  return result;
}

SHARPEYE_NAMESPACE_END
