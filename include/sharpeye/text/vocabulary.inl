#pragma once

/// @file
/// Bodies of vocabulary.hpp.

#include "sharpeye/text/vocabulary.hpp"

#include <algorithm>

#include "sharpeye/core/words.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY Vocabulary::Vocabulary(std::string_view json, const std::string& where) {
  const auto entries = parse_vocab_json(json, where);
  std::vector<const std::string*> spellings(entries.size());
  for (const auto& [spelling, id] : entries) {
    if (id >= entries.size()) {
      fail(ErrorCode::kFormat, where, ": token ", in_quotes(spelling), ": expected an id from 0 to ",
           entries.size() - 1, ", actual ", id);
    }
    const std::string*& place = spellings[static_cast<std::size_t>(id)];
    if (place != nullptr) {
      fail(ErrorCode::kFormat, where, ": token ", in_quotes(spelling), ": expected an id of its own, actual ", id,
           " is also the id of ", in_quotes(*place));
    }
    place = &spelling;
  }
  store(spellings, where);
  index(where);
}

SHARPEYE_BODY std::optional<std::int32_t> Vocabulary::find(std::string_view bytes) const noexcept {
  const Key key{prefix(bytes), bytes};
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                      [&](const Entry& a, const Key& b) { return this->key(a) < b; });
  if (found == sorted_.end() || this->bytes(found->id) != bytes) return std::nullopt;
  return found->id;
}

SHARPEYE_BODY std::uint64_t Vocabulary::prefix(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value = value << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
  return value;
}

SHARPEYE_BODY void Vocabulary::store(const std::vector<const std::string*>& spellings, const std::string& where) {
  ends_.push_back(0);
  for (const std::string* spelling : spellings) {
    const auto token = unspell(*spelling);
    if (!token || token->empty()) {
      fail(ErrorCode::kFormat, where, ": token ", in_quotes(*spelling),
           ": expected one or more characters of the byte alphabet");
    }
    bytes_ += *token;
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
}

SHARPEYE_BODY void Vocabulary::index(const std::string& where) {
  for (std::int32_t id = 0; id < static_cast<std::int32_t>(size()); ++id) sorted_.push_back({prefix(bytes(id)), id});
  std::sort(sorted_.begin(), sorted_.end(), [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                        [&](const Entry& a, const Entry& b) { return key(a) == key(b); });
  if (twice != sorted_.end()) {
    fail(ErrorCode::kFormat, where, ": token ", in_quotes(spell(bytes(twice->id))), ": expected once, actual twice");
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char text = static_cast<char>(byte);
    const auto id = find({&text, 1});
    if (!id) {
      fail(ErrorCode::kFormat, where, ": expected a token for each byte, actual there is none for byte ", byte,
           ", spelled ", in_quotes(spell({&text, 1})));
    }
    byte_tokens_[byte] = *id;
  }
}

SHARPEYE_BODY Vocabulary::Key Vocabulary::key(const Entry& entry) const noexcept {
  return {entry.prefix, bytes(entry.id)};
}

SHARPEYE_NAMESPACE_END
