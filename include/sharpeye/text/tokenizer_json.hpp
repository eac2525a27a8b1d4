#pragma once

/// @file
/// What a tokenizer.json (Hugging Face's `tokenizers`) says, read and checked.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/text/added_tokens.hpp"
#include "sharpeye/text/piece_splitter.hpp"
#include "sharpeye/text/subword_model.hpp"
#include "sharpeye/text/text_normalizer.hpp"
#include "sharpeye/text/token_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

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
