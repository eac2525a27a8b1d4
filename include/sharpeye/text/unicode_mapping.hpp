#pragma once

/// @file
/// Unicode, as much of it as the normalizers of Hugging Face's tokenizers need: NFC, NFD, lower case, BERT's classes.

#include <cstdint>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text` in Normalisation Form C or D. Bytes that are not UTF-8 stay as they are, as characters that take part in
/// nothing. Linear in the length of the text, but for the sorting of a run of combining marks (n log n).
std::string to_nfc(std::string_view text);
std::string to_nfd(std::string_view text);

/// `text` with each character's own lower case, as Rust's char::to_lowercase: a final sigma is not looked for.
std::string to_lower_case(std::string_view text);

/// The classes of characters that BERT's tokenizer knows, as of Unicode 8.0. The values are those of kBertClassStarts.
enum class BertClass : std::uint8_t {
  kOther = 0,
  kControl = 1,         ///< Cc, Cf and Co, also tab, line feed and carriage return
  kPunctuation = 2,     ///< P, and the symbols of ASCII
  kNonspacingMark = 3,  ///< Mn, the accents
};

/// The class of a code point, by the table in unicode_mapping_tables.hpp.
BertClass bert_class(char32_t code_point) noexcept;

/// Whether the code point is a \w: a letter, mark, decimal digit, connector or joiner.
bool is_word_character(char32_t code_point) noexcept;

/// Whether BERT sets the code point apart as a word of its own: the blocks of CJK ideographs.
constexpr bool is_cjk_ideograph(char32_t c) noexcept {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/unicode_mapping.inl"
#endif
