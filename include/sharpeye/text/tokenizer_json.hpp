#pragma once

/// @file
/// What a tokenizer.json (Hugging Face's `tokenizers`) says, read and checked.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/text/added_tokens.hpp"
#include "sharpeye/text/normalizer.hpp"
#include "sharpeye/text/piece_splitter.hpp"
#include "sharpeye/text/subword_model.hpp"

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

/// The parts of a tokenizer.json. What it holds and this library does not know is refused by name.
struct TokenizerJson {
  std::vector<AddedToken> added_tokens;
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  SubwordModelData model;
  TokenDecoder decoder;
  std::optional<std::int32_t> bos;  ///< the token that the post-processor puts in front of a text
  std::optional<std::int32_t> eos;  ///< the one that it puts behind it
};

/// Reads the content of a tokenizer.json. `version`, `truncation` and `padding` are not looked at: transformers sets
/// the latter two anew for each call.
/// @param where names the file in errors.
/// @throws Error kFormat when it is not JSON; kConfig for a value that is missing, of the wrong kind or out of range;
/// kUnsupported for a component, model or pattern that is not known; kLimit beyond kVocabularyLimit tokens or merges.
TokenizerJson read_tokenizer_json(std::string_view json, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/tokenizer_json.inl"
#endif
