#pragma once

/// @file
/// Unicode, as much of it as a tokenizer needs: UTF-8 one character at a time, and the classes letter, number, space.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "sharpeye/text/unicode_tables.hpp"
#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// U+FFFD REPLACEMENT CHARACTER in UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// What the front of a byte string is as UTF-8.
enum class Utf8Status {
  kValid,       ///< one character
  kInvalid,     ///< bytes that no continuation can make a character
  kIncomplete,  ///< the beginning of a character; the string ends within it
};

/// One step through a byte string.
struct Utf8Step {
  char32_t code_point;  ///< of a valid character, else U+FFFD
  std::size_t
      length;  ///< bytes it takes: the character, or the longest invalid or incomplete prefix (Unicode 3.9, D93b)
  Utf8Status status;
};

/// The first character of `text`, which must not be empty. Strict: no overlong forms, surrogates or values above
/// U+10FFFF. One U+FFFD for each invalid step is what Python's `errors="replace"` writes.
inline Utf8Step decode_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1, Utf8Status::kValid};
  if (lead < 0xC2 || lead > 0xF4) return {0xFFFD, 1, Utf8Status::kInvalid};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte has a narrower range, and that alone excludes overlong forms, surrogates and large values.
  unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t code_point = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {0xFFFD, i, Utf8Status::kIncomplete};
    if (byte(i) < low || byte(i) > high) return {0xFFFD, i, Utf8Status::kInvalid};
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, length, Utf8Status::kValid};
}

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
