#pragma once

/// @file
/// Bodies of prompt.hpp.

#include "sharpeye/text/prompt.hpp"

#include <algorithm>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/substrings.hpp"
#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::string_view kPromptImage = "<image>";
inline constexpr std::string_view kPromptInitial = "{initial}";

/// The texts between the images of `text`: one more than there are images.
inline std::vector<std::string> texts_around_images(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at; (at = text.find(kPromptImage)) != text.npos;) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + kPromptImage.size());
  }
  parts.emplace_back(text);
  return parts;
}

}  // namespace detail

SHARPEYE_BODY std::int64_t PromptTokens::num_image_places() const {
  return std::count(ids.begin(), ids.end(), kImageToken);
}

SHARPEYE_BODY std::string tile_markers(const TileGrid& grid) {
  const std::string around = "<fake_token_around_image>", image(detail::kPromptImage);
  std::string text;
  for (std::int64_t row = 1; row <= grid.rows; ++row) {
    for (std::int64_t column = 1; column <= grid.columns; ++column) {
      text += concat(around, "<row_", row, "_col_", column, ">", image);
    }
    text += "\n";
  }
  return text + (grid.rows > 0 ? "\n" : "") + around + "<global-img>" + image + around;
}

SHARPEYE_BODY PromptTemplate::PromptTemplate(const std::string& text, const std::string& where, PromptText kind)
    : kind_(kind) {
  constexpr std::string_view kImage = detail::kPromptImage;
  const std::size_t image = text.find(kImage);
  require(image != text.npos && text.find(kImage, image + kImage.size()) == text.npos, ErrorCode::kConfig, where,
          ": expected ", kImage, " once, actual ", image == text.npos ? "never" : "more often", " in ",
          in_quotes(text));
  before_ = text.substr(0, image);
  after_ = text.substr(image + kImage.size());
  require(kind != PromptText::kAfterImage || before_.empty(), ErrorCode::kConfig, where, ": expected ", kImage,
          " first, for this language model reads the image before any text, actual ", in_quotes(text));
}

SHARPEYE_BODY bool PromptTemplate::uses_initial() const noexcept {
  return before_.find(detail::kPromptInitial) != before_.npos || after_.find(detail::kPromptInitial) != after_.npos;
}

SHARPEYE_BODY PromptTokens PromptTemplate::tokenize(const Tokenizer& tokenizer, std::string_view initial,
                                                    const TileGrid& grid) const {
  const std::string_view caption = strip(initial);
  const bool has_markers = kind_ == PromptText::kWithTileMarkers;
  std::vector<std::string> texts =
      detail::texts_around_images(has_markers ? tile_markers(grid) : std::string(detail::kPromptImage));
  texts.front() = before_ + texts.front();
  texts.back() += after_;
  PromptTokens prompt;
  const bool is_behind = kind_ == PromptText::kAfterImage;
  append(tokenizer, texts.front(), caption, !is_behind, prompt.ids);
  prompt.image_position = prompt.ids.size();
  for (std::size_t i = 1; i < texts.size(); ++i) {
    prompt.ids.push_back(kImageToken);
    append(tokenizer, texts[i], caption, is_behind, prompt.ids);
  }
  return prompt;
}

SHARPEYE_BODY void PromptTemplate::append(const Tokenizer& tokenizer, const std::string& text, std::string_view caption,
                                          bool add_bos, std::vector<std::int32_t>& ids) const {
  const auto add = [&](std::string_view part, bool parse_special) {
    const std::vector<std::int32_t> more = tokenizer.encode(part, {add_bos, parse_special, ids.empty()});
    ids.insert(ids.end(), more.begin(), more.end());
    add_bos = false;
  };
  if (kind_ == PromptText::kPlain) return add(replaced(text, detail::kPromptInitial, caption), false);
  std::size_t begin = 0;
  for (std::size_t at; (at = text.find(detail::kPromptInitial, begin)) != text.npos;) {
    add(std::string_view(text).substr(begin, at - begin), true);
    add(caption, false);
    begin = at + detail::kPromptInitial.size();
  }
  add(std::string_view(text).substr(begin), true);
}

SHARPEYE_NAMESPACE_END
