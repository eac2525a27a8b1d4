#pragma once

/// @file
/// The split of a text into the pieces that byte-level BPE treats one by one.

#include <cstddef>
#include <string_view>

#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A character of a text with its class. An invalid or incomplete UTF-8 step counts as one character of class other:
/// its bytes stay in the text, so that encoding loses nothing.
struct ClassifiedChar {
  CharClass char_class;
  std::size_t length;  ///< in bytes
};

/// The character of `text` that begins at byte `position`.
ClassifiedChar classified_char(std::string_view text, std::size_t position) noexcept;

/// The end of the piece that begins at byte `position` (less than the size) under GPT-2's pattern, which OPT shares:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
/// Every byte belongs to exactly one piece. Source: openai/gpt-2, encoder.py.
std::size_t gpt2_piece_end(std::string_view text, std::size_t position) noexcept;

/// The same under the pattern of Qwen2, which LLaMA 3 shares but for its numbers:
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
/// @param most_digits how many characters `\p{N}` takes: 1 for Qwen2, 3 for LLaMA 3 (`\p{N}{1,3}`)
/// Source: transformers, tokenization_qwen2.py.
std::size_t qwen2_piece_end(std::string_view text, std::size_t position, int most_digits = 1) noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/pre_tokenizer.inl"
#endif
