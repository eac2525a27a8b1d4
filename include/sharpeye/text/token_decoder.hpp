#pragma once

/// @file
/// From the spellings of tokens to text.

#include <string>
#include <utility>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How the spellings of tokens become text: `decoder` of a tokenizer.json.
struct TokenDecoder {
  enum class Kind {
    kWords,      ///< spaces between the tokens, but none before `prefix`, which is left out (WordPiece; none at all)
    kByteLevel,  ///< the byte alphabet; a token that is not written in it stays as it is
    kMetaspace,  ///< `replacement` is a space
  };
  Kind kind = Kind::kWords;
  std::string prefix;                     ///< kWords: "##", or empty
  bool cleanup = false;                   ///< kWords: no space before punctuation
  std::string replacement = {};           ///< kMetaspace: usually U+2581; empty: no token has one
  bool byte_fallback = false;             ///< kMetaspace: "<0xE2>" is a byte
  bool strip_first_space = false;         ///< kMetaspace: the text's first space is left out
  bool strip_first_replacements = false;  ///< kMetaspace: the first token is written without any `replacement`
};

/// The bytes that a token stands for within a text, and those where it begins one.
std::pair<std::string, std::string> decoded_token(const TokenDecoder& decoder, const std::string& token);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/token_decoder.inl"
#endif
