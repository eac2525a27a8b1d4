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

/// The end of the run of white space at `position` without its last character if more text follows it: what
/// `\s+(?!\S)|\s+` takes.
inline std::size_t white_space_end(std::string_view text, std::size_t position) noexcept {
  std::size_t end = position;
  std::size_t last = position;
  while (end < text.size()) {
    const ClassifiedChar next = classified_char(text, end);
    // A run leaves its last character to what follows, unless it has no other.
    if (next.char_class != CharClass::kSpace) return last > position ? last : end;
    last = end;
    end += next.length;
  }
  return end;
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
  return detail::white_space_end(text, position);
}

namespace detail {

/// The length in bytes of Qwen2's contraction at `position`, upper or lower case, or 0.
inline std::size_t any_case_contraction_length(std::string_view text, std::size_t position) noexcept {
  if (text[position] != '\'') return 0;
  const auto lower = [&](std::size_t i) {
    const char c = position + i < text.size() ? text[position + i] : '\0';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
  };
  for (const std::string_view suffix : {"s", "t", "re", "ve", "m", "ll", "d"}) {
    if (lower(1) == suffix[0] && (suffix.size() == 1 || lower(2) == suffix[1])) return 1 + suffix.size();
  }
  // The long s is an s in another case.
  return text.substr(position + 1, 2) == "\xC5\xBF" ? 3 : 0;
}

inline std::size_t end_of_line_breaks(std::string_view text, std::size_t position) noexcept {
  while (position < text.size() && (text[position] == '\r' || text[position] == '\n')) ++position;
  return position;
}

}  // namespace detail

SHARPEYE_BODY std::size_t qwen2_piece_end(std::string_view text, std::size_t position, int most_digits) noexcept {
  if (const std::size_t length = detail::any_case_contraction_length(text, position)) return position + length;

  // `[^\r\n\p{L}\p{N}]?\p{L}+`: one character before a word joins it.
  const ClassifiedChar first = classified_char(text, position);
  const std::size_t second = position + first.length;
  if (first.char_class == CharClass::kLetter) return detail::end_of_run(text, second, CharClass::kLetter);
  if (first.char_class == CharClass::kNumber) {
    std::size_t end = second;
    for (int count = 1; count < most_digits && end < text.size(); ++count) {
      const ClassifiedChar next = classified_char(text, end);
      if (next.char_class != CharClass::kNumber) break;
      end += next.length;
    }
    return end;
  }
  if (text[position] != '\r' && text[position] != '\n') {
    const std::size_t end = detail::end_of_run(text, second, CharClass::kLetter);
    if (end > second) return end;
  }

  // ` ?[^\s\p{L}\p{N}]+[\r\n]*`
  const std::size_t start = text[position] == ' ' ? second : position;
  const std::size_t end = detail::end_of_run(text, start, CharClass::kOther);
  if (end > start) return detail::end_of_line_breaks(text, end);

  // `\s*[\r\n]+`: white space up to its last line break.
  const std::size_t spaces_end = detail::end_of_run(text, position, CharClass::kSpace);
  const std::size_t line_break = text.substr(position, spaces_end - position).find_last_of("\r\n");
  if (line_break != text.npos) return position + line_break + 1;
  return detail::white_space_end(text, position);
}

SHARPEYE_NAMESPACE_END
