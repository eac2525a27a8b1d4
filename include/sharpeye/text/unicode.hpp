#pragma once

/// @file
/// Unicode, as much of it as a tokenizer needs: valid UTF-8, and the classes letter, number, space.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/core/utf8.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// U+FFFD REPLACEMENT CHARACTER in UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Appends `bytes` to `text` with U+FFFD for each invalid step, and stops before an incomplete character at the end.
/// @return how many bytes were used: all, or all but the last one to three.
std::size_t append_valid_utf8(std::string_view bytes, std::string& text);

/// The classes of characters that a byte-level BPE splits a text by. The values are those of kCharClassStarts.
enum class CharClass : std::uint8_t {
  kOther = 0,
  kLetter = 1,  ///< \p{L}
  kNumber = 2,  ///< \p{N}
  kSpace = 3,   ///< \s, that is White_Space
};

/// The class of a code point, by the table in unicode_tables.hpp.
CharClass char_class(char32_t code_point) noexcept;

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
std::string_view strip(std::string_view text) noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/unicode.inl"
#endif
