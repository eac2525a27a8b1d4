#pragma once

/// @file
/// Text from tokens that arrive one at a time.

#include <cstdint>
#include <string>

#include "sharpeye/text/bpe_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes a stream of tokens. A character may be spread over several tokens: what is incomplete is held back, so every
/// returned text is UTF-8, and all of them joined are BpeTokenizer::decode of all the ids.
class StreamingDecoder {
 public:
  /// @param tokenizer must outlive the decoder.
  explicit StreamingDecoder(const BpeTokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}

  /// The text that is certain once this token is known; empty within a character and for skipped special tokens.
  /// @throws Error kInvalidArgument for an id outside the vocabulary; the stream can go on.
  std::string push(std::int32_t id) {
    const std::string_view token = tokenizer_.token_bytes(id);
    if (skip_special_ && tokenizer_.is_special(id)) return {};
    pending_ += token;
    std::string text;
    pending_.erase(0, append_valid_utf8(pending_, text));
    return text;
  }

  /// The end of the text: U+FFFD if a character was left incomplete. The decoder is then as new.
  std::string finish() {
    std::string text(pending_.empty() ? std::string_view() : kReplacementCharacter);
    pending_.clear();
    return text;
  }

 private:
  const BpeTokenizer& tokenizer_;
  bool skip_special_;
  std::string pending_;  // the beginning of a character, at most three bytes
};

SHARPEYE_NAMESPACE_END
