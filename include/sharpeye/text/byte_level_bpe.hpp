#pragma once

/// @file
/// The subword model of GPT-2's family in a tokenizer.json: BPE over bytes, spelled in the byte alphabet.

#include <string>
#include <vector>

#include "sharpeye/text/merge_table.hpp"
#include "sharpeye/text/subword_model.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Each byte of a piece is a token to begin with; a byte without one is the unknown token, or nothing.
class ByteLevelBpe : public SubwordModel {
 public:
  /// @param where names the model in errors. @throws Error as SpellingTable and MergeTable
  ByteLevelBpe(const SubwordModelData& data, const std::string& where);

  void append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const override;

 private:
  SpellingTable vocabulary_;
  MergeTable merges_;
  bool ignore_merges_, fuse_unk_;
  std::int32_t unk_;                 // or -1
  std::int32_t byte_ids_[256] = {};  // or -1
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/byte_level_bpe.inl"
#endif
