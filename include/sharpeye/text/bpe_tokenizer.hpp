#pragma once

/// @file
/// The byte-level BPE tokenizer of GPT-2 and OPT: the same ids as Hugging Face's GPT2Tokenizer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/text/merge_table.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/text/vocabulary.hpp"

SHARPEYE_NAMESPACE_BEGIN

class BpeMerger;

/// vocab.json and merges.txt may have this many bytes each.
inline constexpr std::uint64_t kTokenizerFileLimit = std::uint64_t{64} << 20;

/// The spellings of the tokens that are not text. The defaults are OPT's, whose `</s>` begins as well as ends a text.
struct SpecialTokens {
  std::string bos = "</s>";
  std::string eos = "</s>";
  std::string pad = "<pad>";
  /// Further ones, where the vocabulary has them. Hugging Face's OPT has none: there "<s>", "<unk>" and "<mask>" in a
  /// text are ordinary text, and `{}` here does the same.
  std::vector<std::string> additional = {"<s>", "<unk>", "<mask>"};
};

/// Byte-level BPE: text is split as GPT-2 splits it, and the bytes of each piece are merged pair by pair.
///
/// Any byte string can be encoded: there is no normalisation and no unknown token, and bytes that are not UTF-8 are
/// kept. decode_bytes(encode(x, {false, false})) == x for all x, and decode() too where x is UTF-8.
class BpeTokenizer : public Tokenizer {
 public:
  /// The tokenizer of a model folder: `folder`/vocab.json and `folder`/merges.txt.
  /// @throws Error kFileNotFound, kFileAccess; kLimit beyond kTokenizerFileLimit; otherwise as the constructor.
  static BpeTokenizer load(const std::string& folder, const SpecialTokens& special = {});

  /// From the contents of the two files; the last two arguments name them in errors.
  /// @throws Error as Vocabulary and MergeTable; kFormat when bos, eos or pad are not in the vocabulary, or a merge
  /// makes a special token (a caption could then contain it).
  BpeTokenizer(std::string_view vocab_json, std::string_view merges_text, const SpecialTokens& special = {},
               const std::string& vocab_name = "vocab.json", const std::string& merges_name = "merges.txt");

  std::string_view token_bytes(std::int32_t id) const override;
  std::optional<std::int32_t> token_to_id(std::string_view spelling) const override;
  std::string id_to_token(std::int32_t id) const override;

  std::int32_t vocab_size() const noexcept override { return static_cast<std::int32_t>(vocabulary_.size()); }
  std::int32_t bos_id() const noexcept override { return bos_id_; }
  std::int32_t eos_id() const noexcept override { return eos_id_; }
  std::int32_t pad_id() const noexcept override { return pad_id_; }
  bool is_special(std::int32_t id) const noexcept override;

 private:
  void append_ids(std::string_view text, const EncodeOptions& options, std::vector<std::int32_t>& ids) const override;
  std::optional<std::int32_t> special_at(std::string_view text) const noexcept;
  void append_ordinary(std::string_view text, BpeMerger& merger, std::vector<std::int32_t>& ids) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  std::vector<std::int32_t> special_ids_;  // the longest first
  std::int32_t bos_id_ = 0, eos_id_ = 0, pad_id_ = 0;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/bpe_tokenizer.inl"
#endif
