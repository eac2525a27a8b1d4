#pragma once

/// @file
/// Bodies of load_tokenizer.hpp, and the list of the kinds of tokenizers.

#include "sharpeye/text/load_tokenizer.hpp"

#include <unistd.h>

#include <string_view>
#include <vector>

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

SHARPEYE_BODY std::unique_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  std::string missing;
  for (const detail::TokenizerKind& kind : detail::tokenizer_kinds()) {
    std::string_view first_missing;
    for (const std::string_view file : kind.files) {
      const std::string path = concat(folder, "/", file);
      if (first_missing.empty() && ::access(path.c_str(), F_OK) != 0) first_missing = file;
    }
    if (first_missing.empty()) return kind.load(folder);
    missing += concat(missing.empty() ? "" : ", ", "no ", first_missing, " (", kind.name, ")");
  }
  fail(ErrorCode::kFileNotFound, folder, ": expected the files of a tokenizer, actual ", missing);
}

SHARPEYE_NAMESPACE_END
