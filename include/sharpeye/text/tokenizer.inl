#pragma once

/// @file
/// Bodies of tokenizer.hpp.

#include "sharpeye/text/tokenizer.hpp"

#include <limits>

#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::vector<std::int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  require(text.size() <= std::numeric_limits<std::int32_t>::max(), ErrorCode::kLimit,
          "text to encode: expected less than 2^31 bytes, actual ", text.size());
  std::vector<std::int32_t> ids;
  if (options.add_bos && bos_id() != kNoToken) ids.push_back(bos_id());
  append_ids(text, options, ids);
  return ids;
}

SHARPEYE_BODY std::string Tokenizer::decode(const std::vector<std::int32_t>& ids, bool skip_special) const {
  const std::string bytes = decode_bytes(ids, skip_special);
  std::string text;
  if (append_valid_utf8(bytes, text) < bytes.size()) text += kReplacementCharacter;
  return text;
}

SHARPEYE_BODY std::string Tokenizer::decode_bytes(const std::vector<std::int32_t>& ids, bool skip_special) const {
  std::string bytes;
  bool first = true;
  for (const std::int32_t id : ids) {
    const std::string_view token = first ? first_token_bytes(id) : token_bytes(id);
    if (skip_special && is_special(id)) continue;
    bytes += token;
    first = false;
  }
  return bytes;
}

SHARPEYE_NAMESPACE_END
