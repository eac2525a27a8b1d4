#pragma once

/// @file
/// Bodies of streaming_decoder.hpp.

#include "sharpeye/text/streaming_decoder.hpp"

#include <string_view>

#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string StreamingDecoder::push(std::int32_t id) {
  const std::string_view token = first_ ? tokenizer_.first_token_bytes(id) : tokenizer_.token_bytes(id);
  if (skip_special_ && tokenizer_.is_special(id)) return {};
  first_ = false;
  pending_ += token;
  std::string text;
  pending_.erase(0, append_valid_utf8(pending_, text));
  return text;
}

SHARPEYE_BODY std::string StreamingDecoder::finish() {
  std::string text(pending_.empty() ? std::string_view() : kReplacementCharacter);
  pending_.clear();
  first_ = true;
  return text;
}

SHARPEYE_NAMESPACE_END
