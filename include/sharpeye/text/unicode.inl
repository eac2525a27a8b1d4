#pragma once

/// @file
/// Bodies of unicode.hpp.

#include "sharpeye/text/unicode.hpp"

#include <algorithm>
#include <iterator>

#include "sharpeye/text/unicode_tables.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::size_t append_valid_utf8(std::string_view bytes, std::string& text) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    const Utf8Step step = decode_utf8(bytes.substr(used));
    if (step.status == Utf8Status::kIncomplete) break;
    text += step.status == Utf8Status::kValid ? bytes.substr(used, step.length) : kReplacementCharacter;
    used += step.length;
  }
  return used;
}

SHARPEYE_BODY CharClass char_class(char32_t code_point) noexcept {
  if (code_point < 0x80) {
    if ((code_point | 0x20) - U'a' < 26) return CharClass::kLetter;
    if (code_point - U'0' < 10) return CharClass::kNumber;
    return code_point == U' ' || code_point - 0x9 < 5 ? CharClass::kSpace : CharClass::kOther;
  }
  const auto after = std::upper_bound(std::begin(kCharClassStarts), std::end(kCharClassStarts),
                                      static_cast<std::uint32_t>(code_point) << 2 | 3u);
  return static_cast<CharClass>(*std::prev(after) & 3u);
}

SHARPEYE_BODY std::string_view strip(std::string_view text) noexcept {
  std::size_t begin = text.size();  // of the first character that stays
  std::size_t end = begin;          // behind the last one
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = decode_utf8(text.substr(i));
    if (!is_space(step.code_point) && step.code_point - 0x1C >= 4) {
      begin = std::min(begin, i);
      end = i + step.length;
    }
    i += step.length;
  }
  return text.substr(begin, end - begin);
}

SHARPEYE_NAMESPACE_END
