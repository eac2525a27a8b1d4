#pragma once

/// @file
/// The subword model of BERT and GIT in a tokenizer.json: WordPiece.

#include <string>
#include <vector>

#include "sharpeye/text/subword_model.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The longest token that a word begins with, then the longest that goes on ("##ing"), and so on; a word that cannot be
/// made so, or is too long, is the unknown token. Source: google-research/bert, tokenization.py.
class WordPiece : public SubwordModel {
 public:
  /// @param where names the model in errors. @throws Error as SpellingTable
  WordPiece(const SubwordModelData& data, const std::string& where);

  void append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const override;

 private:
  /// Appends the tokens of a word. @return false where it cannot be made of tokens
  bool append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  SpellingTable vocabulary_;
  std::string prefix_;
  std::size_t max_characters_;
  std::int32_t unk_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/word_piece.inl"
#endif
