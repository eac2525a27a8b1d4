#pragma once

/// @file
/// Text from tokens that arrive one at a time.

#include <cstdint>
#include <string>

#include "sharpeye/text/tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Decodes a stream of tokens. A character may be spread over several tokens: what is incomplete is held back, so every
/// returned text is UTF-8, and all of them joined are Tokenizer::decode of all the ids.
class StreamingDecoder {
 public:
  /// @param tokenizer must outlive the decoder.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special) {}

  /// The text that is certain once this token is known; empty within a character and for skipped special tokens.
  /// @throws Error kInvalidArgument for an id outside the vocabulary; the stream can go on.
  std::string push(std::int32_t id);

  /// The end of the text: U+FFFD if a character was left incomplete. The decoder can then start a new text.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  bool first_ = true;    // no token has been written
  std::string pending_;  // the beginning of a character, at most three bytes
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/streaming_decoder.inl"
#endif
