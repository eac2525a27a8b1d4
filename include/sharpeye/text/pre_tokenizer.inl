#pragma once

/// @file
/// Bodies of pre_tokenizer.hpp.

#include "sharpeye/text/pre_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY ClassifiedChar classified_char(std::string_view text, std::size_t position) noexcept {
  const Utf8Step step = decode_utf8(text.substr(position));
  const bool valid = step.status == Utf8Status::kValid;
  return {valid ? char_class(step.code_point) : CharClass::kOther, step.length};
}

namespace detail {

/// The end of the run of characters of class `wanted` that begins at `position`; `position` itself when there is none.
inline std::size_t end_of_run(std::string_view text, std::size_t position, CharClass wanted) noexcept {
  while (position < text.size()) {
    const ClassifiedChar next = classified_char(text, position);
    if (next.char_class != wanted) break;
    position += next.length;
  }
  return position;
}

/// The length in bytes of GPT-2's contraction ('s 't 're 've 'm 'll 'd, lower case) at `position`, or 0.
inline std::size_t contraction_length(std::string_view text, std::size_t position) noexcept {
  if (text[position] != '\'') return 0;
  for (const std::string_view suffix : {"s", "t", "re", "ve", "m", "ll", "d"}) {
    if (text.substr(position + 1, suffix.size()) == suffix) return 1 + suffix.size();
  }
  return 0;
}

}  // namespace detail

SHARPEYE_BODY std::size_t gpt2_piece_end(std::string_view text, std::size_t position) noexcept {
  if (const std::size_t length = detail::contraction_length(text, position)) return position + length;

  // ` ?X+`: one leading U+0020 joins whatever is not white space.
  const bool space_first = text[position] == ' ' && position + 1 < text.size();
  const std::size_t start = space_first ? position + 1 : position;
  const CharClass run_class = classified_char(text, start).char_class;
  if (run_class != CharClass::kSpace) return detail::end_of_run(text, start, run_class);

  // `\s+(?!\S)`: a run of white space leaves its last character to what follows; `\s+`: unless it has no other.
  std::size_t end = position;
  std::size_t last = position;
  while (end < text.size()) {
    const ClassifiedChar next = classified_char(text, end);
    if (next.char_class != CharClass::kSpace) return last > position ? last : end;
    last = end;
    end += next.length;
  }
  return end;
}

SHARPEYE_NAMESPACE_END
