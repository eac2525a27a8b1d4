#pragma once

/// @file
/// Hugging Face's clean-up of spaces in decoded text.

#include <string>
#include <string_view>
#include <utility>

#include "sharpeye/text/substrings.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text` without the space before . ? ! , and before n't 'm 's 've 're, and with " ' " as "'": what Hugging Face's
/// decode() does unless told `clean_up_tokenization_spaces=False`. It does not undo a tokenizer, it changes text ("a
/// .b" becomes "a.b"); use it to compare with captions that were decoded so. Source: transformers 4.41,
/// PreTrainedTokenizerBase.clean_up_tokenization.
inline std::string clean_up_tokenization_spaces(std::string text) {
  using namespace std::string_view_literals;
  for (const auto& [from, to] : {std::pair{" ."sv, "."sv},
                                 {" ?"sv, "?"sv},
                                 {" !"sv, "!"sv},
                                 {" ,"sv, ","sv},
                                 {" ' "sv, "'"sv},
                                 {" n't"sv, "n't"sv},
                                 {" 'm"sv, "'m"sv},
                                 {" 's"sv, "'s"sv},
                                 {" 've"sv, "'ve"sv},
                                 {" 're"sv, "'re"sv}}) {
    text = replaced(text, from, to);
  }
  return text;
}

SHARPEYE_NAMESPACE_END
