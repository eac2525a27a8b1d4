#pragma once

/// @file
/// Bodies of prompt.hpp.

#include "sharpeye/text/prompt.hpp"

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/substrings.hpp"
#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::string_view kPromptImage = "<image>";
inline constexpr std::string_view kPromptInitial = "{initial}";

}  // namespace detail

SHARPEYE_BODY PromptTemplate::PromptTemplate(const std::string& text, const std::string& where) {
  constexpr std::string_view kImage = detail::kPromptImage;
  const std::size_t image = text.find(kImage);
  require(image != text.npos && text.find(kImage, image + kImage.size()) == text.npos, ErrorCode::kConfig, where,
          ": expected ", kImage, " once, actual ", image == text.npos ? "never" : "more often", " in ",
          in_quotes(text));
  before_ = text.substr(0, image);
  after_ = text.substr(image + kImage.size());
}

SHARPEYE_BODY bool PromptTemplate::uses_initial() const noexcept {
  return before_.find(detail::kPromptInitial) != before_.npos || after_.find(detail::kPromptInitial) != after_.npos;
}

SHARPEYE_BODY PromptTokens PromptTemplate::tokenize(const Tokenizer& tokenizer, std::string_view initial) const {
  const std::string_view caption = strip(initial);
  PromptTokens prompt;
  prompt.ids = tokenizer.encode(replaced(before_, detail::kPromptInitial, caption), {true, false});
  prompt.image_position = prompt.ids.size();
  prompt.ids.push_back(kImageToken);
  const auto after = tokenizer.encode(replaced(after_, detail::kPromptInitial, caption), {false, false, false});
  prompt.ids.insert(prompt.ids.end(), after.begin(), after.end());
  return prompt;
}

SHARPEYE_NAMESPACE_END
