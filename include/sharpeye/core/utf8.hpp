#pragma once

/// @file
/// UTF-8, one character at a time.

#include <cstddef>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

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

/// Whether all of `text` is UTF-8.
inline bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    if (step.status != Utf8Status::kValid) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

/// Appends the UTF-8 of a code point up to U+10FFFF that is no surrogate.
inline void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
    return;
  }
  const int continuations = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  put((0xFF00u >> (continuations + 1) & 0xFFu) | code_point >> (6 * continuations));
  for (int i = continuations - 1; i >= 0; --i) put(0x80u | (code_point >> (6 * i) & 0x3Fu));
}

SHARPEYE_NAMESPACE_END
