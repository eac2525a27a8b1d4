#pragma once

/// @file
/// The tokens of a byte-level BPE, read from vocab.json.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/text/byte_alphabet.hpp"
#include "sharpeye/text/vocab_json.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Tokens as the bytes that they stand for, by id from 0 to size() - 1. Immutable; one allocation for all the bytes.
class Vocabulary {
 public:
  /// Reads vocab.json: an object of spelling and id.
  /// @param where names the file in errors.
  /// @throws Error kFormat, naming the token, unless ids are exactly 0 to size - 1, each once, tokens come once and
  /// are written in the byte alphabet, and each of the 256 bytes is a token; kLimit beyond kVocabularyLimit.
  Vocabulary(std::string_view json, const std::string& where) {
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

  std::size_t size() const noexcept { return ends_.size() - 1; }

  /// The bytes of a token; valid while the vocabulary lives. `id` must be in [0, size()).
  std::string_view bytes(std::int32_t id) const noexcept {
    const auto i = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
  }

  /// The token of exactly these bytes.
  std::optional<std::int32_t> find(std::string_view bytes) const noexcept {
    const Key key{prefix(bytes), bytes};
    const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                        [&](const Entry& a, const Key& b) { return this->key(a) < b; });
    if (found == sorted_.end() || this->bytes(found->id) != bytes) return std::nullopt;
    return found->id;
  }

  /// The token of a single byte: the alphabet that every merge starts from.
  std::int32_t byte_token(unsigned char byte) const noexcept { return byte_tokens_[byte]; }

 private:
  // Order among tokens: eight bytes as one number decide nearly always, without a look at the text.
  struct Entry {
    std::uint64_t prefix;
    std::int32_t id;
  };
  using Key = std::pair<std::uint64_t, std::string_view>;

  static std::uint64_t prefix(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
      value = value << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
    return value;
  }
  Key key(const Entry& entry) const noexcept { return {entry.prefix, bytes(entry.id)}; }

  void store(const std::vector<const std::string*>& spellings, const std::string& where) {
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

  void index(const std::string& where) {
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

  std::string bytes_;                // of all tokens, by id
  std::vector<std::uint32_t> ends_;  // of each token in bytes_; 0 in front
  std::vector<Entry> sorted_;        // by their bytes
  std::int32_t byte_tokens_[256] = {};
};

SHARPEYE_NAMESPACE_END
