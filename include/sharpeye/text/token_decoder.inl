#pragma once

/// @file
/// Bodies of token_decoder.hpp.

#include "sharpeye/text/token_decoder.hpp"

#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/byte_spelling.hpp"
#include "sharpeye/text/clean_up.hpp"
#include "sharpeye/text/substrings.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The clean-up of the WordPiece decoder, which is done token by token.
inline std::string cleaned_up_token(std::string token) {
  return replaced(clean_up_tokenization_spaces(std::move(token)), " do not", " don't");
}

}  // namespace detail

SHARPEYE_BODY std::pair<std::string, std::string> decoded_token(const TokenDecoder& decoder, const std::string& token) {
  if (decoder.kind == TokenDecoder::Kind::kByteLevel) {
    const std::string bytes = unspell(token).value_or(token);
    return {bytes, bytes};
  }
  if (decoder.kind == TokenDecoder::Kind::kWords) {
    const bool continues = !decoder.prefix.empty() && begins_with(token, decoder.prefix);
    const std::string middle = continues ? token.substr(decoder.prefix.size()) : " " + token;
    if (!decoder.cleanup) return {middle, token};
    return {detail::cleaned_up_token(middle), detail::cleaned_up_token(token)};
  }
  std::string middle = decoder.replacement.empty() ? token : replaced(token, decoder.replacement, " ");
  if (decoder.byte_fallback) {
    if (const auto byte = spelled_byte(token)) middle.assign(1, static_cast<char>(*byte));
  }
  std::string first = decoder.strip_first_replacements ? replaced(token, decoder.replacement, "") : middle;
  if (decoder.strip_first_space && begins_with(first, " ")) first.erase(0, 1);
  return {middle, first};
}

SHARPEYE_NAMESPACE_END
