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
  kSpace,   ///< white space, and what the tokenizer does not know: both end a token and are no token
  kSymbol,  ///< punctuation and signs
  kDigit,   ///< 0 to 9
  kLetter,  ///< letters, combining marks and digits of all scripts
};

/// The class of a character. Measured on Stanford's tokenizer for Latin, Greek, Cyrillic and the symbols; of other
/// scripts every character of the Basic Multilingual Plane is a letter. Emoji and all else above it are unknown.
PtbClass ptb_class(char32_t c) noexcept;

/// The lower case of Latin, Greek and Cyrillic letters; other characters are themselves. Final sigma is as any sigma.
char32_t ptb_lower(char32_t c) noexcept;

/// The characters of a caption, ready for PtbLexer: entities of HTML are what they stand for, soft hyphens are gone,
/// bytes that are no UTF-8 are U+FFFD, which is no part of a token.
std::u32string ptb_characters(std::string_view caption);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/ptb_characters.inl"
#endif
