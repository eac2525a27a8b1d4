#pragma once

/// @file
/// Characters as the PTB tokenizer sees them: classes, replacements, lower case.

#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a character can be part of.
enum class PtbClass : std::uint8_t {
  kSpace,   ///< white space, and characters that the tokenizer does not know: they end a token and are none
  kSymbol,  ///< punctuation and signs
  kDigit,   ///< 0 to 9
  kLetter,  ///< letters, combining marks and digits of all scripts
};

/// The class of a character, as measured on Stanford's tokenizer for Latin, Greek, Cyrillic and the symbols. In other
/// scripts every character of the Basic Multilingual Plane is a letter. Beyond that plane (emoji) all are unknown.
PtbClass ptb_class(char32_t c) noexcept;

/// The lower case of Latin, Greek and Cyrillic letters; other characters stay as they are. A final sigma is treated as
/// any sigma.
char32_t ptb_lower(char32_t c) noexcept;

/// The characters of a caption, ready for the tokenizer: HTML entities are replaced by their characters, soft hyphens
/// are left out, and bytes that are not UTF-8 become U+FFFD, which separates tokens.
std::u32string ptb_characters(std::string_view caption);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/ptb_characters.inl"
#endif
