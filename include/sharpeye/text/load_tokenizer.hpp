#pragma once

/// @file
/// The tokenizer of a model folder, whatever its kind.

#include <memory>
#include <string>

#include "sharpeye/text/tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The tokenizer in `folder`. The files that the folder has decide its kind: the first of the list in
/// load_tokenizer.inl of which no file is missing. That list has three kinds: tokenizer.json (see JsonTokenizer), which
/// wins where others are there too, as in transformers, byte-level BPE (vocab.json and merges.txt, see BpeTokenizer)
/// and BERT's vocab.txt (see bert_vocabulary.hpp). SentencePiece's tokenizer.model is not read: transformers makes a
/// tokenizer.json from it, by `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`.
/// @throws Error kFileNotFound, saying which files it looked for and which it found, when the folder has the files of
/// no kind; otherwise as the kind's own load().
std::unique_ptr<const Tokenizer> load_tokenizer(const std::string& folder);

/// @throws Error kFileNotFound as load_tokenizer(), which reads the files besides
void require_tokenizer_files(const std::string& folder);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/load_tokenizer.inl"
#endif
