#pragma once

/// @file
/// Tokens that are found in a text as they are spelled, before it is split into pieces: `added_tokens` of a
/// tokenizer.json.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The content of an added token may have this many bytes.
inline constexpr std::size_t kAddedTokenLimit = 4096;

/// An added token with the names of tokenizer.json.
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;      ///< not text: left out by decode()
  bool single_word = false;  ///< only where no word character touches it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space behind it
  bool normalized = false;   ///< looked for, normalised, in the normalised text; else in the text as it is
};

/// Finds the added tokens of one kind, normalised or not, in texts. Immutable.
class AddedTokenFinder {
 public:
  /// A part of a text: an added token, or what lies between two of them.
  struct Part {
    std::optional<std::int32_t> id;
    std::size_t begin, end;  ///< bytes
  };

  AddedTokenFinder() = default;
  /// Of two tokens with the same spelling the first one is found.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  /// The parts of `text` in order, none of them empty but those of tokens. From left to right the longest token that
  /// begins at a place is taken. @param parse_special false: special tokens are text
  std::vector<Part> split(std::string_view text, bool parse_special) const;

 private:
  /// The longest token that `text` begins with, or null.
  const AddedToken* longest_at(std::string_view text) const noexcept;

  std::vector<AddedToken> tokens_;  // by content
  bool begins_token_[256] = {};     // whether a token begins with this byte
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/added_tokens.inl"
#endif
