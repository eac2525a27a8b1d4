#pragma once

/// @file
/// The tokenizer of a tokenizer.json: the same ids as Hugging Face's `tokenizers`.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/text/added_tokens.hpp"
#include "sharpeye/text/spelling_table.hpp"
#include "sharpeye/text/subword_model.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/text/tokenizer_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A text is cut at the added tokens; what lies between is normalised, split into pieces, and each piece is turned into
/// ids by the subword model: byte-level BPE (GPT-2, Qwen2, LLaMA 3), BPE over characters (LLaMA) or WordPiece (BERT).
///
/// bos is what the file's post-processor puts in front of a text. Bytes that are not UTF-8 keep their value where the
/// model has tokens for bytes; else they are unknown characters. decode() is that of tokenizers 0.23 (where an added
/// token that is looked for in the normalised text is also written normalised), with two exceptions: special tokens
/// are always left out, and where a run of byte tokens is not UTF-8 we write one U+FFFD for each invalid character, not
/// for each byte of the run.
class JsonTokenizer : public Tokenizer {
 public:
  /// The names of eos and pad, and whether there is a bos: what transformers keeps in tokenizer_config.json.
  struct Config {
    std::optional<bool> add_bos_token;            ///< none: as the post-processor says
    std::string bos_token, eos_token, pad_token;  ///< spellings; empty: not said
  };

  /// The tokenizer of a model folder: `folder`/tokenizer.json, and `folder`/tokenizer_config.json where there is one.
  /// @throws Error kFileNotFound, kFileAccess; kLimit beyond kTokenizerFileLimit; otherwise as the constructor.
  static JsonTokenizer load(const std::string& folder);

  /// From the content of tokenizer.json; `where` names it in errors. @throws Error as read_tokenizer_json() and the
  /// subword models; kFormat when an added token has another token's id, or an id that is not its own; kConfig when a
  /// token of `config` is not in the file.
  explicit JsonTokenizer(std::string_view json, const Config& config, const std::string& where = "tokenizer.json");
  explicit JsonTokenizer(std::string_view json) : JsonTokenizer(json, Config()) {}

  std::string_view token_bytes(std::int32_t id) const override;
  std::string_view first_token_bytes(std::int32_t id) const override;
  std::optional<std::int32_t> token_to_id(std::string_view spelling) const override;
  std::string id_to_token(std::int32_t id) const override;

  /// The largest id and 1; there may be gaps, which are tokens of no bytes.
  std::int32_t vocab_size() const noexcept override { return static_cast<std::int32_t>(tokens_.id_count()); }
  std::int32_t bos_id() const noexcept override { return bos_id_; }
  std::int32_t eos_id() const noexcept override { return eos_id_; }
  std::int32_t pad_id() const noexcept override { return pad_id_; }
  bool is_special(std::int32_t id) const noexcept override;

 private:
  using Range = std::pair<std::uint32_t, std::uint32_t>;  // begin and size in bytes_

  JsonTokenizer(TokenizerJson&& parts, const Config& config, const std::string& where);
  void append_ids(std::string_view text, const EncodeOptions& options, std::vector<std::int32_t>& ids) const override;
  void append_normalized(std::string_view text, bool first, bool parse_special, std::vector<std::int32_t>& ids) const;
  std::size_t index(std::int32_t id) const;
  void decode_tokens(const TokenDecoder& decoder, const std::map<std::int32_t, std::string>& normalized_spellings);

  SpellingTable tokens_;  // of the model and the added ones
  AddedTokenFinder raw_finder_, normalized_finder_;
  std::vector<NormalizerStep> normalizer_;
  std::vector<PreTokenizerStep> pre_tokenizer_;
  std::unique_ptr<const SubwordModel> model_;
  std::string bytes_;
  std::vector<Range> middle_, first_;  // of each token, within a text and where it begins one
  std::vector<bool> special_;
  std::int32_t bos_id_ = kNoToken, eos_id_ = kNoToken, pad_id_ = kNoToken;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/json_tokenizer.inl"
#endif
