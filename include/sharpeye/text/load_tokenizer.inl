#pragma once

/// @file
/// Bodies of load_tokenizer.hpp, and the list of the kinds of tokenizers.

#include "sharpeye/text/load_tokenizer.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "sharpeye/core/folder.hpp"
#include "sharpeye/text/bert_vocabulary.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/json_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A kind of tokenizer: the files it needs, and how it is read from a folder that has them all.
struct TokenizerKind {
  std::string_view name;
  std::vector<std::string_view> files;
  std::unique_ptr<const Tokenizer> (*load)(const std::string& folder);
};

template <class T>
std::unique_ptr<const Tokenizer> load_tokenizer_as(const std::string& folder) {
  return std::make_unique<const T>(T::load(folder));
}

/// All kinds, the first one that fits is taken. A new kind is one line here.
inline std::vector<TokenizerKind> tokenizer_kinds() {
  return {
      {"Hugging Face's tokenizers", {"tokenizer.json"}, load_tokenizer_as<JsonTokenizer>},
      {"byte-level BPE", {"vocab.json", "merges.txt"}, load_tokenizer_as<BpeTokenizer>},
      {"BERT's WordPiece",
       {"vocab.txt"},
       [](const std::string& folder) -> std::unique_ptr<const Tokenizer> {
         return std::make_unique<const JsonTokenizer>(load_bert_tokenizer(folder));
       }},
  };
}

}  // namespace detail

namespace detail {

/// The first kind of which no file is missing; null where there is none.
inline const TokenizerKind* find_kind(const std::vector<TokenizerKind>& kinds, const std::string& folder) {
  const auto is_whole = [&](const TokenizerKind& kind) {
    return std::all_of(kind.files.begin(), kind.files.end(),
                       [&](std::string_view file) { return file_exists(concat(folder, "/", file)); });
  };
  const auto kind = std::find_if(kinds.begin(), kinds.end(), is_whole);
  return kind == kinds.end() ? nullptr : &*kind;
}

/// "a tokenizer: tokenizer.json (Hugging Face's tokenizers), or vocab.json and merges.txt (byte-level BPE), ..."
[[noreturn]] inline void fail_without_tokenizer(const std::vector<TokenizerKind>& kinds, const std::string& folder) {
  std::string expected = "a tokenizer: ", actual;
  for (const TokenizerKind& kind : kinds) {
    if (&kind != &kinds.front()) expected += ", or ";
    std::string found, missing;
    for (const std::string_view file : kind.files) {
      if (file != kind.files.front()) expected += " and ";
      expected += file;
      std::string& list = file_exists(concat(folder, "/", file)) ? found : missing;
      list += concat(list.empty() ? "" : " and ", file);
    }
    expected += concat(" (", kind.name, ")");
    if (!found.empty()) actual += concat(actual.empty() ? "" : ", ", found, " without ", missing);
  }
  if (actual.empty()) actual = "none of them";
  if (file_exists(folder + "/tokenizer.model")) {
    actual +=
        "; SentencePiece's tokenizer.model is not read: transformers makes a tokenizer.json from it, by "
        "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)";
  }
  fail_missing(folder, expected, actual);
}

}  // namespace detail

SHARPEYE_BODY std::unique_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  const std::vector<detail::TokenizerKind> kinds = detail::tokenizer_kinds();
  const detail::TokenizerKind* kind = detail::find_kind(kinds, folder);
  if (kind == nullptr) detail::fail_without_tokenizer(kinds, folder);
  return kind->load(folder);
}

SHARPEYE_BODY void require_tokenizer_files(const std::string& folder) {
  const std::vector<detail::TokenizerKind> kinds = detail::tokenizer_kinds();
  if (detail::find_kind(kinds, folder) == nullptr) detail::fail_without_tokenizer(kinds, folder);
}

SHARPEYE_NAMESPACE_END
