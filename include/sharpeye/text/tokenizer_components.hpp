#pragma once

/// @file
/// The components of a tokenizer.json, one by one. Those that are not known are refused with the list of the known.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/piece_splitter.hpp"
#include "sharpeye/text/text_normalizer.hpp"
#include "sharpeye/text/token_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// @throws Error kUnsupported: the value at `key` is valid, but not one of the `known`.
[[noreturn]] void refuse_component(const JsonReader& json, std::string_view key, std::string_view known,
                                   std::string_view actual);

/// Adds a component of `normalizer`.
void read_normalizer(const JsonReader& json, std::vector<NormalizerStep>& steps);

/// Adds a component of `pre_tokenizer`. @param byte_level set when the pieces are to be spelled in bytes
void read_pre_tokenizer(const JsonReader& json, std::vector<PreTokenizerStep>& steps, bool& byte_level);

/// Adds a component of `decoder`. @param place of the last part of SentencePiece's sequence: Replace, ByteFallback,
/// Fuse, Strip; 5 for all others; 0 to begin with
void read_decoder(const JsonReader& json, TokenDecoder& decoder, int& place);

}  // namespace detail

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/tokenizer_components.inl"
#endif
