#pragma once

/// @file
/// BERT's tokenizer from vocab.txt, for model folders without a tokenizer.json.

#include <string>
#include <string_view>

#include "sharpeye/text/json_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

class JsonReader;

/// The tokenizer.json that transformers 5 makes of a vocab.txt (a token on each line, whose number from 0 is its id)
/// and a tokenizer_config.json: `do_lower_case`, `strip_accents`, `tokenize_chinese_chars`, and the names of the five
/// special tokens, of which [UNK], [CLS] and [SEP] must be there.
/// @param where names vocab.txt in errors. @throws Error kFormat for an empty or repeated line and for a special token
/// that is missing, kConfig and kUnsupported naming a key of `config`
std::string bert_tokenizer_json(std::string_view vocab_txt, const JsonReader& config, const std::string& where);

/// The tokenizer of `folder`/vocab.txt, and `folder`/tokenizer_config.json where there is one.
/// @throws Error as above; kFileNotFound, kFileAccess; kLimit beyond kTokenizerFileLimit or kVocabularyLimit tokens
JsonTokenizer load_bert_tokenizer(const std::string& folder);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/bert_vocabulary.inl"
#endif
