#pragma once

/// @file
/// GPT-2's spelling of bytes as visible characters, in which vocab.json and merges.txt are written: "Ġcat" is " cat".

#include <optional>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The character that stands for a byte: itself where it is visible in Latin-1, else the next of U+0100..U+0143.
inline constexpr char32_t byte_symbol(unsigned char byte) noexcept {
  if (byte <= 0x20) return 0x100u + byte;
  if (byte >= 0x7F && byte <= 0xA0) return 0x121u + (byte - 0x7Fu);
  return byte == 0xAD ? 0x143u : byte;
}

/// The byte that a character stands for, if it is one of the 256.
inline constexpr std::optional<unsigned char> symbol_byte(char32_t symbol) noexcept {
  const char32_t byte = symbol < 0x100    ? symbol
                        : symbol <= 0x120 ? symbol - 0x100
                        : symbol <= 0x142 ? symbol - 0x121 + 0x7F
                                          : 0xAD;
  if (byte_symbol(static_cast<unsigned char>(byte)) != symbol) return std::nullopt;
  return static_cast<unsigned char>(byte);
}

/// The spelling of `bytes`, for example "Ġcat" for " cat".
std::string spell(std::string_view bytes);

/// The bytes that `spelling` stands for; none where it has a character outside the alphabet or is not UTF-8.
std::optional<std::string> unspell(std::string_view spelling);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/byte_alphabet.inl"
#endif
