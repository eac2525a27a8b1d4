#pragma once

/// @file
/// The byte-level BPE tokenizer of GPT-2 and OPT: the same ids as Hugging Face's GPT2Tokenizer.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/text/bpe_merger.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/merge_table.hpp"
#include "sharpeye/text/pre_tokenizer.hpp"
#include "sharpeye/text/unicode.hpp"
#include "sharpeye/text/vocabulary.hpp"

SHARPEYE_NAMESPACE_BEGIN

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

/// How BpeTokenizer::encode reads a text.
struct EncodeOptions {
  bool add_bos = true;        ///< the bos token first; nothing is ever appended
  bool parse_special = true;  ///< the spelling of a special token in the text means that token; else it is text
};

/// Text to token ids and back. Immutable, so it may be shared by threads.
///
/// Any byte string can be encoded: there is no normalisation and no unknown token, and bytes that are not UTF-8 are
/// kept. decode_bytes(encode(x, {false, false})) == x for all x, and decode() too where x is UTF-8.
class BpeTokenizer {
 public:
  /// The tokenizer of a model folder: `folder`/vocab.json and `folder`/merges.txt.
  /// @throws Error kFileNotFound, kFileAccess; kLimit beyond kTokenizerFileLimit; otherwise as the constructor.
  static BpeTokenizer load(const std::string& folder, const SpecialTokens& special = {}) {
    const std::string vocab_name = folder + "/vocab.json";
    const std::string merges_name = folder + "/merges.txt";
    const std::string vocab_json = read_file(vocab_name, kTokenizerFileLimit);
    const std::string merges_text = read_file(merges_name, kTokenizerFileLimit);
    return BpeTokenizer(vocab_json, merges_text, special, vocab_name, merges_name);
  }

  /// From the contents of the two files; the last two arguments name them in errors.
  /// @throws Error as Vocabulary and MergeTable; kFormat when bos, eos or pad are not in the vocabulary, or a merge
  /// makes a special token (a caption could then contain it).
  BpeTokenizer(std::string_view vocab_json, std::string_view merges_text, const SpecialTokens& special = {},
               const std::string& vocab_name = "vocab.json", const std::string& merges_name = "merges.txt")
      : vocabulary_(vocab_json, vocab_name), merges_(merges_text, vocabulary_, merges_name) {
    const auto required = [&](const std::string& spelling) {
      const auto id = token_to_id(spelling);
      require(id.has_value(), ErrorCode::kFormat, vocab_name, ": expected the special token ", in_quotes(spelling));
      special_ids_.push_back(*id);
      return *id;
    };
    bos_id_ = required(special.bos);
    eos_id_ = required(special.eos);
    pad_id_ = required(special.pad);
    for (const std::string& spelling : special.additional) {
      if (const auto id = token_to_id(spelling)) special_ids_.push_back(*id);
    }
    // The longest first, so that it wins where one is the beginning of another.
    std::sort(special_ids_.begin(), special_ids_.end(), [&](std::int32_t a, std::int32_t b) {
      return std::make_pair(vocabulary_.bytes(b).size(), a) < std::make_pair(vocabulary_.bytes(a).size(), b);
    });
    special_ids_.erase(std::unique(special_ids_.begin(), special_ids_.end()), special_ids_.end());
    for (std::size_t rank = 0; rank < merges_.size(); ++rank) {
      const std::int32_t id = merges_.merged(static_cast<std::int32_t>(rank));
      if (is_special(id)) {
        fail(ErrorCode::kFormat, merges_name, ": merge ", rank, " makes the special token ",
             in_quotes(id_to_token(id)));
      }
    }
  }

  /// The ids of `text`. @throws Error kLimit for a text of 2^31 bytes or more.
  std::vector<std::int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const {
    require(text.size() <= std::numeric_limits<std::int32_t>::max(), ErrorCode::kLimit,
            "text to encode: expected less than 2^31 bytes, actual ", text.size());
    std::vector<std::int32_t> ids;
    if (options.add_bos) ids.push_back(bos_id_);
    BpeMerger merger(merges_);
    std::size_t begin = 0;
    for (std::size_t i = 0; options.parse_special && i < text.size(); ++i) {
      const auto special = special_at(text.substr(i));
      if (!special) continue;
      encode_ordinary(text.substr(begin, i - begin), merger, ids);
      ids.push_back(*special);
      begin = i + vocabulary_.bytes(*special).size();
      i = begin - 1;
    }
    encode_ordinary(text.substr(begin), merger, ids);
    return ids;
  }

  /// The text of `ids` as UTF-8: what is not UTF-8 in their bytes becomes U+FFFD as with Python's `errors="replace"`.
  /// Hugging Face by default removes some spaces afterwards: see clean_up_tokenization_spaces().
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string decode(const std::vector<std::int32_t>& ids, bool skip_special = true) const {
    const std::string bytes = decode_bytes(ids, skip_special);
    std::string text;
    if (append_valid_utf8(bytes, text) < bytes.size()) text += kReplacementCharacter;
    return text;
  }

  /// The bytes of `ids`, whether or not they are UTF-8.
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string decode_bytes(const std::vector<std::int32_t>& ids, bool skip_special = true) const {
    std::string bytes;
    for (const std::int32_t id : ids) {
      const std::string_view token = token_bytes(id);
      if (!(skip_special && is_special(id))) bytes += token;
    }
    return bytes;
  }

  /// The bytes of one token; valid while the tokenizer lives.
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string_view token_bytes(std::int32_t id) const {
    require(id >= 0 && static_cast<std::size_t>(id) < vocabulary_.size(), ErrorCode::kInvalidArgument,
            "token id: expected 0 to ", vocabulary_.size() - 1, ", actual ", id);
    return vocabulary_.bytes(id);
  }

  /// The id of a token as vocab.json spells it, for example "Ġcat".
  std::optional<std::int32_t> token_to_id(std::string_view spelling) const {
    const auto bytes = unspell(spelling);
    return bytes ? vocabulary_.find(*bytes) : std::nullopt;
  }

  /// The spelling of a token in vocab.json. @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string id_to_token(std::int32_t id) const { return spell(token_bytes(id)); }

  std::int32_t vocab_size() const noexcept { return static_cast<std::int32_t>(vocabulary_.size()); }
  std::int32_t bos_id() const noexcept { return bos_id_; }
  std::int32_t eos_id() const noexcept { return eos_id_; }
  std::int32_t pad_id() const noexcept { return pad_id_; }
  bool is_special(std::int32_t id) const noexcept {
    return std::find(special_ids_.begin(), special_ids_.end(), id) != special_ids_.end();
  }

 private:
  std::optional<std::int32_t> special_at(std::string_view text) const noexcept {
    for (const std::int32_t id : special_ids_) {
      const std::string_view token = vocabulary_.bytes(id);
      if (text.substr(0, token.size()) == token) return id;
    }
    return std::nullopt;
  }

  void encode_ordinary(std::string_view text, BpeMerger& merger, std::vector<std::int32_t>& ids) const {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = gpt2_piece_end(text, begin);
      for (const char byte : text.substr(begin, end - begin)) {
        ids.push_back(vocabulary_.byte_token(static_cast<unsigned char>(byte)));
      }
      merger.merge_back(ids, end - begin);
      begin = end;
    }
  }

  Vocabulary vocabulary_;
  MergeTable merges_;
  std::vector<std::int32_t> special_ids_;  // the longest first
  std::int32_t bos_id_ = 0, eos_id_ = 0, pad_id_ = 0;
};

SHARPEYE_NAMESPACE_END
