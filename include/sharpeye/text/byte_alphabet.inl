#pragma once

/// @file
/// Bodies of byte_alphabet.hpp.

#include "sharpeye/text/byte_alphabet.hpp"

#include "sharpeye/core/utf8.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string spell(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) append_utf8(spelling, byte_symbol(static_cast<unsigned char>(byte)));
  return spelling;
}

SHARPEYE_BODY std::optional<std::string> unspell(std::string_view spelling) {
  std::string bytes;
  while (!spelling.empty()) {
    const Utf8Step step = decode_utf8(spelling);
    const auto byte = symbol_byte(step.code_point);  // U+FFFD, of an invalid step, is outside the alphabet
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    spelling.remove_prefix(step.length);
  }
  return bytes;
}

SHARPEYE_NAMESPACE_END
