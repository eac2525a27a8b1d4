#pragma once

/// @file
/// The concept of a subword model: `model` of a tokenizer.json. A new kind is one file with a class that derives from
/// SubwordModel, and one line in make_subword_model() of json_tokenizer.inl.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/text/piece_splitter.hpp"
#include "sharpeye/text/spelling_table.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A subword model as a tokenizer.json describes it; which fields are used is the kind's affair.
struct SubwordModelData {
  enum class Kind { kByteLevelBpe, kSentencePieceBpe, kWordPiece };
  Kind kind = Kind::kByteLevelBpe;
  std::vector<std::pair<std::string, std::uint64_t>> vocab;
  std::string unk_token;            ///< empty: none
  std::optional<std::int32_t> unk;  ///< the id of `unk_token`
  // BPE
  std::vector<std::pair<std::string, std::string>> merges;
  bool fuse_unk = false;       ///< a run of unknown characters is one unknown token
  bool byte_fallback = false;  ///< unknown characters are spelled in bytes, "<0xE2>"
  bool ignore_merges = false;  ///< a piece that is a token is that token
  // WordPiece
  std::string continuing_subword_prefix = "##";
  std::int64_t max_input_chars_per_word = 100;  ///< longer pieces are unknown
};

/// Turns the pieces of a text into ids. Immutable, so threads may share it.
class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  /// Appends the ids of all pieces.
  virtual void append_ids(const Pieces& pieces, std::vector<std::int32_t>& ids) const = 0;
};

SHARPEYE_NAMESPACE_END
