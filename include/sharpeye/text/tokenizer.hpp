#pragma once

/// @file
/// The concept of a tokenizer: what prompts, decoding and training ask of one. Members: BpeTokenizer, JsonTokenizer.
///
/// A new kind of tokenizer is one file with a class that derives from Tokenizer, and one line in the list of
/// load_tokenizer.inl, which says by which files of a model folder it is recognised. Nothing else knows the kinds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How Tokenizer::encode reads a text.
struct EncodeOptions {
  bool add_bos = true;        ///< the bos token first; nothing is ever appended
  bool parse_special = true;  ///< the spelling of a special token in the text means that token; else it is text
  /// false: the text goes on behind other tokens, so a space that the tokenizer puts in front of a text is left out.
  bool begins_text = true;
};

/// Text to token ids and back. A tokenizer is immutable, so threads may share it.
///
/// Ids are 0 to vocab_size() - 1, and each stands for the same bytes wherever it occurs but at the beginning of a text,
/// where some tokenizers leave out a space: the text of a sequence is the bytes of its tokens, one after another. That
/// is what lets StreamingDecoder write a caption token by token.
class Tokenizer {
 public:
  /// In place of a bos, eos or pad id: the vocabulary has no such token.
  static constexpr std::int32_t kNoToken = -1;

  virtual ~Tokenizer() = default;

  /// The ids of `text`, any byte string. @throws Error kLimit for a text of 2^31 bytes or more.
  std::vector<std::int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// The text of `ids` as UTF-8: what is not UTF-8 in their bytes becomes U+FFFD, as with Python's `errors="replace"`.
  /// Hugging Face by default removes some spaces afterwards: see clean_up_tokenization_spaces().
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string decode(const std::vector<std::int32_t>& ids, bool skip_special = true) const;

  /// The bytes of `ids`, whether or not they are UTF-8.
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  std::string decode_bytes(const std::vector<std::int32_t>& ids, bool skip_special = true) const;

  /// The bytes of one token; valid while the tokenizer lives.
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  virtual std::string_view token_bytes(std::int32_t id) const = 0;

  /// The bytes of one token that begins a text. @throws Error kInvalidArgument for an id outside the vocabulary.
  virtual std::string_view first_token_bytes(std::int32_t id) const { return token_bytes(id); }

  /// The id of a token as the tokenizer's file spells it, for example "Ġcat".
  virtual std::optional<std::int32_t> token_to_id(std::string_view spelling) const = 0;

  /// The spelling of a token in the tokenizer's file.
  /// @throws Error kInvalidArgument for an id outside the vocabulary.
  virtual std::string id_to_token(std::int32_t id) const = 0;

  virtual std::int32_t vocab_size() const noexcept = 0;
  virtual std::int32_t bos_id() const noexcept = 0;  ///< begins a text; or kNoToken
  virtual std::int32_t eos_id() const noexcept = 0;  ///< ends a text; or kNoToken
  virtual std::int32_t pad_id() const noexcept = 0;  ///< fills a batch; or kNoToken
  /// Whether the token is not text, such as bos, eos and pad. False for ids outside the vocabulary.
  virtual bool is_special(std::int32_t id) const noexcept = 0;

 protected:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = default;
  Tokenizer(Tokenizer&&) noexcept = default;
  Tokenizer& operator=(const Tokenizer&) = default;
  Tokenizer& operator=(Tokenizer&&) noexcept = default;

 private:
  /// Appends the ids of `text`, which is shorter than 2^31 bytes; `add_bos` has been seen to.
  virtual void append_ids(std::string_view text, const EncodeOptions& options,
                          std::vector<std::int32_t>& ids) const = 0;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/tokenizer.inl"
#endif
