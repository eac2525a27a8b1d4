#pragma once

/// @file
/// The subword model of LLaMA in a tokenizer.json: BPE over characters, as SentencePiece does it, with bytes for those
/// that it does not know.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/text/merge_table.hpp"
#include "sharpeye/text/subword_model.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Each character of a piece is a token to begin with. One that is not in the vocabulary becomes its bytes ("<0xE2>"),
/// where the model has them all; else the unknown token, or nothing. A byte that is not UTF-8 is such a character.
/// Source: tokenizers, models/bpe/model.rs.
class SentencePieceBpe : public SubwordModel {
 public:
  /// @param where names the model in errors. @throws Error as SpellingTable and MergeTable
  SentencePieceBpe(const SubwordModelData& data, const std::string& where);

  void append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const override;

 private:
  /// Appends the bytes of a character. @return false, and nothing appended, where one of them has no token
  bool append_bytes(std::string_view character, std::vector<std::int32_t>& ids) const;
  void append_characters(std::string_view piece, std::vector<std::int32_t>& ids) const;

  SpellingTable vocabulary_;
  MergeTable merges_;
  bool ignore_merges_, fuse_unk_, byte_fallback_;
  std::int32_t unk_;                  // or -1
  std::int32_t byte_ids_[256] = {};   // of "<0x00>" to "<0xFF>", or -1
  std::int32_t ascii_ids_[128] = {};  // of the characters, or -1
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/sentencepiece_bpe.inl"
#endif
