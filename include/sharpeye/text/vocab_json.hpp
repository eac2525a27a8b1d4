#pragma once

/// @file
/// vocab.json as a list, read without a tree of JSON values: building one would double the time to load a vocabulary.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A vocabulary may have this many tokens (ids need 21 bits).
inline constexpr std::size_t kVocabularyLimit = std::size_t{1} << 21;

/// The entries of a vocab.json in the order of the file.
/// The file may begin with a UTF-8 byte-order mark.
/// @throws Error kFormat unless it is one flat object of non-negative integers; kLimit beyond kVocabularyLimit.
std::vector<std::pair<std::string, std::uint64_t>> parse_vocab_json(std::string_view json, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/vocab_json.inl"
#endif
