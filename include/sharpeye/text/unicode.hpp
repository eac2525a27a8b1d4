#pragma once

/// @file
/// Unicode, as much of it as a tokenizer needs: valid UTF-8, and the classes letter, number, space.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/text/unicode_tables.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// U+FFFD REPLACEMENT CHARACTER in UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Appends `bytes` to `text` with U+FFFD for each invalid step, and stops before an incomplete character at the end.
/// @return how many bytes were used: all, or all but the last one to three.
inline std::size_t append_valid_utf8(std::string_view bytes, std::string& text) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    const Utf8Step step = decode_utf8(bytes.substr(used));
    if (step.status == Utf8Status::kIncomplete) break;
    text += step.status == Utf8Status::kValid ? bytes.substr(used, step.length) : kReplacementCharacter;
    used += step.length;
  }
  return used;
}

/// The classes that the split patterns of byte-level BPE tokenizers distinguish; values as in kCharClassStarts.
enum class CharClass : std::uint8_t {
  kOther = 0,
  kLetter = 1,  ///< \p{L}
  kNumber = 2,  ///< \p{N}
  kSpace = 3,   ///< \s, that is White_Space
};

/// The class of a code point in Unicode kUnicodeVersion.
inline CharClass char_class(char32_t code_point) noexcept {
  if (code_point < 0x80) {
    if ((code_point | 0x20) - U'a' < 26) return CharClass::kLetter;
    if (code_point - U'0' < 10) return CharClass::kNumber;
    return code_point == U' ' || code_point - 0x9 < 5 ? CharClass::kSpace : CharClass::kOther;
  }
  const auto after = std::upper_bound(std::begin(kCharClassStarts), std::end(kCharClassStarts),
                                      static_cast<std::uint32_t>(code_point) << 2 | 3u);
  return static_cast<CharClass>(*std::prev(after) & 3u);
}

inline bool is_letter(char32_t code_point) noexcept {
  return char_class(code_point) == CharClass::kLetter;
}
inline bool is_number(char32_t code_point) noexcept {
  return char_class(code_point) == CharClass::kNumber;
}
inline bool is_space(char32_t code_point) noexcept {
  return char_class(code_point) == CharClass::kSpace;
}

/// `text` without white space at both ends, as Python's `str.strip()`: White_Space and the separators U+001C..U+001F.
inline std::string_view strip(std::string_view text) noexcept {
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
