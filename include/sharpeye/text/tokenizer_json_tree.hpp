#pragma once

/// @file
/// A tokenizer.json as JSON values, but for the two long lists, which are taken out: as values they would need ten
/// times their size.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/io/json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The parts of a file; in `tree`, `model.vocab` and `model.merges` are null.
struct TokenizerJsonTree {
  Json tree;
  std::vector<std::pair<std::string, std::uint64_t>> vocab;  ///< in the order of the file
  std::vector<std::pair<std::string, std::string>> merges;   ///< written "a b" or ["a", "b"]
  bool has_merges = false;
};

/// @throws Error kFormat when it is not JSON, an object has a key twice, or vocab or merges are not what they should
/// be; kLimit beyond kVocabularyLimit tokens or merges, or for too many other values.
TokenizerJsonTree read_tokenizer_json_tree(std::string_view json, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/tokenizer_json_tree.inl"
#endif
